import io.openvidu.java.client.*;
import java.util.*;

/** All that openvidu-java-client can be asked for, against the OpenVidu at OPENVIDU_URL. */
public class Judge {
    private static final String URL = System.getenv("OPENVIDU_URL");
    private static final String SECRET = System.getenv("OPENVIDU_SECRET");
    private static final String CAMERA = "rtsp://camera.example.io/one";
    private static final OpenVidu openvidu = new OpenVidu(URL, SECRET);

    private interface Test {
        void run() throws Exception;
    }

    public static void main(String[] none) {
        Map<String, Test> tests = new LinkedHashMap<>();
        tests.put("a wrong secret is refused", Judge::wrongSecret);
        tests.put("a session has defaults and an id of the server's", Judge::defaults);
        tests.put("a session has the properties that it was made with", Judge::properties);
        tests.put("a connection is what was asked for, and is changed", Judge::connections);
        tests.put("a token of the older kind is one of a connection", Judge::tokens);
        tests.put("an IP camera is there at once, and is disconnected", Judge::camera);
        tests.put("a session with a camera is recorded", Judge::recordings);
        tests.put("what can't be recorded is refused", Judge::refusedRecordings);
        tests.put("a session with a camera is broadcast", Judge::broadcasts);
        int failed = 0;
        for (var test : tests.entrySet()) {
            try {
                test.getValue().run();
                System.out.println("ok " + test.getKey());
            } catch (Exception | AssertionError error) {
                failed++;
                System.out.println("NOT ok " + test.getKey());
                error.printStackTrace(System.out);
            }
        }
        System.out.println((tests.size() - failed) + " passed, " + failed + " failed");
        System.exit(failed == 0 ? 0 : 1);
    }

    private static void wrongSecret() throws Exception {
        OpenVidu stranger = new OpenVidu(URL, "wrong");
        refused(401, () -> stranger.fetch());
    }

    private static void defaults() throws Exception {
        Session session = openvidu.createSession();
        check(session.getSessionId().matches("ses_[A-Z][A-Za-z0-9]{9}"), session.getSessionId());
        same(MediaMode.ROUTED, session.getProperties().mediaMode());
        same(RecordingMode.MANUAL, session.getProperties().recordingMode());
        same(VideoCodec.MEDIA_SERVER_PREFERRED, session.getProperties().forcedVideoCodec());
        same(false, session.getProperties().isTranscodingAllowed());
        same(false, session.fetch());
        session.close();
        refused(404, () -> session.fetch());
    }

    private static void properties() throws Exception {
        RecordingProperties recording = new RecordingProperties.Builder()
                .outputMode(Recording.OutputMode.INDIVIDUAL).name("all").build();
        Session session = openvidu.createSession(new SessionProperties.Builder()
                .customSessionId("mine").forcedVideoCodec(VideoCodec.VP8).allowTranscoding(true)
                .recordingMode(RecordingMode.ALWAYS).defaultRecordingProperties(recording).build());
        same("mine", session.getSessionId());
        OpenVidu other = new OpenVidu(URL, SECRET);
        same(true, other.fetch());
        SessionProperties found = other.getActiveSession("mine").getProperties();
        same(VideoCodec.VP8, found.forcedVideoCodec());
        same(true, found.isTranscodingAllowed());
        same(RecordingMode.ALWAYS, found.recordingMode());
        same(Recording.OutputMode.INDIVIDUAL, found.defaultRecordingProperties().outputMode());
        same("all", found.defaultRecordingProperties().name());
        session.close();
        same(true, other.fetch());
        same(0, other.getActiveSessions().size());
    }

    private static void connections() throws Exception {
        Session session = openvidu.createSession();
        Connection made = session.createConnection(new ConnectionProperties.Builder()
                .role(OpenViduRole.MODERATOR).data("about it").record(false)
                .addCustomIceServer(new IceServerProperties.Builder()
                        .url("turn:turn.example.io").username("u").credential("c").build())
                .kurentoOptions(new KurentoOptions.Builder().videoMaxRecvBandwidth(700)
                        .allowedFilters(new String[] {"FaceOverlayFilter"}).build())
                .build());
        same("pending", made.getStatus());
        same("about it", made.getServerData());
        check(made.getToken().contains(session.getSessionId()), made.getToken());
        same(null, made.activeAt());
        same("turn:turn.example.io", made.getCustomIceServers().get(0).getUrl());
        same(1, session.getConnections().size());
        same(0, session.getActiveConnections().size());
        Connection changed = session.updateConnection(made.getConnectionId(),
                new ConnectionProperties.Builder().role(OpenViduRole.SUBSCRIBER).build());
        same(OpenViduRole.SUBSCRIBER, changed.getRole());
        same("about it", changed.getServerData());
        refused(404, () -> session.updateConnection("con_Nobody",
                new ConnectionProperties.Builder().build()));
        session.forceDisconnect(made);
        same(0, session.getConnections().size());
        refused(404, () -> session.forceDisconnect("con_Nobody"));
        refused(404, () -> session.forceUnpublish("str_None"));
        session.close();
    }

    private static void tokens() throws Exception {
        Session session = openvidu.createSession();
        String token = session.generateToken(new TokenOptions.Builder().data("d").build());
        session.fetch();
        same(token, session.getConnections().get(0).getToken());
        session.close();
    }

    private static void camera() throws Exception {
        Session session = openvidu.createSession();
        Connection camera = session.createConnection(cameraOf());
        same("active", camera.getStatus());
        same(ConnectionType.IPCAM, camera.getType());
        same(CAMERA, camera.getRtspUri());
        same(null, camera.getRole());
        same(50, camera.getNetworkCache());
        same(1, camera.getPublishers().size());
        session.forceDisconnect(camera);
        refused(404, () -> session.fetch());
    }

    private static void recordings() throws Exception {
        Session session = openvidu.createSession();
        String id = session.getSessionId();
        session.createConnection(cameraOf());
        Recording started = openvidu.startRecording(id, "a-name");
        same(Recording.Status.started, started.getStatus());
        same("a-name", started.getName());
        session.fetch();
        same(true, session.isBeingRecorded());
        refused(409, () -> openvidu.startRecording(id));
        refused(409, () -> openvidu.deleteRecording(started.getId()));
        Recording stopped = openvidu.stopRecording(started.getId());
        same(Recording.Status.ready, stopped.getStatus());
        check(stopped.getSize() > 0, "size");
        check(stopped.getUrl().endsWith("/a-name.mp4"), stopped.getUrl());
        same(1, openvidu.listRecordings().size());
        same(started.getId(), openvidu.getRecording(started.getId()).getId());
        openvidu.deleteRecording(started.getId());
        refused(404, () -> openvidu.getRecording(started.getId()));
        session.close();
    }

    private static void refusedRecordings() throws Exception {
        Session session = openvidu.createSession();
        refused(404, () -> openvidu.startRecording("none"));
        refused(406, () -> openvidu.startRecording(session.getSessionId()));
        refused(404, () -> openvidu.stopRecording("none"));
        refused(404, () -> openvidu.deleteRecording("none"));
        session.close();
    }

    private static void broadcasts() throws Exception {
        Session session = openvidu.createSession();
        String id = session.getSessionId();
        String url = "rtmp://192.0.2.1/live";
        refused(404, () -> openvidu.startBroadcast("none", url));
        refused(406, () -> openvidu.startBroadcast(id, url));
        session.createConnection(cameraOf());
        openvidu.startBroadcast(id, url);
        session.fetch();
        same(true, session.isBeingBroadcasted());
        refused(409, () -> openvidu.startBroadcast(id, url));
        openvidu.stopBroadcast(id);
        refused(409, () -> openvidu.stopBroadcast(id));
        session.close();
    }

    private static ConnectionProperties cameraOf() throws Exception {
        return new ConnectionProperties.Builder().type(ConnectionType.IPCAM).rtspUri(CAMERA)
                .networkCache(50).build();
    }

    private static void refused(int status, Test act) throws Exception {
        int found;
        try {
            act.run();
            found = 200;
        } catch (OpenViduHttpException refusal) {
            found = refusal.getStatus();
        }
        same(status, found);
    }

    private static void same(Object expected, Object found) {
        check(Objects.equals(expected, found), "expected " + expected + ", got " + found);
    }

    private static void check(boolean good, String what) {
        if (!good) {
            throw new AssertionError(what);
        }
    }
}
