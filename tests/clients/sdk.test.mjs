// All that openvidu-node-client can be asked for, against the OpenVidu at OPENVIDU_URL.
// OPENVIDU_CLIENT names the package: one of those in package.json.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { User } from "./user.mjs";

const { OPENVIDU_URL: url, OPENVIDU_SECRET: secret, OPENVIDU_CLIENT: client } = process.env;
const sdk = await import(client);
const { OpenVidu, OpenViduRole, ConnectionType, RecordingMode, Recording } = sdk.default ?? sdk;
const openvidu = new OpenVidu(url, secret);
openvidu.enableProdMode();

const users = [];
after(async () => {
  for (const user of users) await user.leave();
});

async function joined(connection) {
  const user = await User.join(url, connection);
  users.push(user);
  return user;
}

// The first fetch reorders what the client itself had noted, and so always finds a change.
async function assertUnchanged(session) {
  await session.fetch();
  assert.equal(await session.fetch(), false);
}

const refused = (status) => (error) => error.message === String(status);

test("a wrong secret is refused", async () => {
  await assert.rejects(new OpenVidu(url, "wrong").fetch(), refused(401));
});

test("a session has defaults and an id of the server's", async () => {
  const session = await openvidu.createSession();
  assert.match(session.sessionId, /^ses_[A-Z][A-Za-z0-9]{9}$/);
  assert.equal(session.properties.mediaMode, "ROUTED");
  assert.equal(session.properties.recordingMode, "MANUAL");
  assert.equal(session.properties.customSessionId, "");
  assert.equal(session.properties.forcedVideoCodec, "MEDIA_SERVER_PREFERRED");
  assert.equal(session.properties.allowTranscoding, false);
  assert.equal(session.properties.defaultRecordingProperties.shmSize, 536870912);
  assert.deepEqual([session.recording, session.broadcasting], [false, false]);
  await assertUnchanged(session);
  await session.close();
  await assert.rejects(session.fetch(), refused(404));
  await assert.rejects(session.close(), refused(404));
});

test("a session has the properties that it was made with", async () => {
  const session = await openvidu.createSession({
    customSessionId: "mine",
    recordingMode: RecordingMode.ALWAYS,
    forcedVideoCodec: "VP8",
    allowTranscoding: true,
    defaultRecordingProperties: { outputMode: Recording.OutputMode.INDIVIDUAL, name: "all" },
  });
  assert.equal(session.sessionId, "mine");
  await assertUnchanged(session);
  assert.equal(session.properties.recordingMode, "ALWAYS");
  assert.equal(session.properties.forcedVideoCodec, "VP8");
  assert.equal(session.properties.allowTranscoding, true);
  assert.equal(session.properties.defaultRecordingProperties.outputMode, "INDIVIDUAL");
  assert.equal(session.properties.defaultRecordingProperties.name, "all");
  const again = await openvidu.createSession({ customSessionId: "mine" });
  assert.equal(again.sessionId, "mine");
  await session.close();
});

test("a session with a bad id is refused", async () => {
  await assert.rejects(openvidu.createSession({ customSessionId: "not an id" }), refused(400));
});

test("a connection is pending in its session, and is what was asked for", async () => {
  const session = await openvidu.createSession();
  const plain = await session.createConnection();
  assert.match(plain.connectionId, /^con_[A-Z][A-Za-z0-9]{9}$/);
  assert.match(plain.token, /^wss:\/\/\S+\?sessionId=ses_\w+&token=tok_[A-Z][A-Za-z0-9]{15}$/);
  assert.deepEqual([plain.status, plain.activeAt, plain.ip], ["pending", null, null]);
  assert.deepEqual([plain.connectionProperties.type, plain.role], ["WEBRTC", "PUBLISHER"]);
  for (const role of Object.values(OpenViduRole))
    assert.equal((await session.createConnection({ role })).role, role);
  const full = await session.createConnection({
    type: ConnectionType.WEBRTC,
    role: OpenViduRole.MODERATOR,
    data: "server data",
    record: false,
    kurentoOptions: { videoMaxSendBandwidth: 777, allowedFilters: ["GStreamerFilter"] },
    customIceServers: [
      { url: "turn:turn.example.io:443", username: "user", credential: "pass" },
      { url: "stun:stun.example.io" },
    ],
  });
  assert.equal(full.serverData, "server data");
  assert.equal(full.connectionProperties.record, false);
  assert.equal(full.connectionProperties.kurentoOptions.videoMaxSendBandwidth, 777);
  assert.equal(full.connectionProperties.customIceServers.length, 2);
  await assertUnchanged(session);
  assert.equal(session.connections.length, 5);
  assert.equal(session.activeConnections.length, 0);
  await session.close();
  await assert.rejects(session.createConnection(), refused(404));
});

test("a connection that can't be is refused", async () => {
  const session = await openvidu.createSession();
  for (const bad of [
    { role: "OWNER" },
    { type: "CARRIER_PIGEON" },
    { data: 7 },
    { customIceServers: [{ url: "turn:turn.example.io" }] },
    { customIceServers: [{ url: "stun:stun.example.io", username: "u", credential: "p" }] },
    { customIceServers: [{ url: "elsewhere" }] },
  ])
    await assert.rejects(session.createConnection(bad), refused(400), JSON.stringify(bad));
  await session.close();
});

test("a token of the older kind is a connection, too", async () => {
  const session = await openvidu.createSession();
  const token = await session.generateToken({ role: OpenViduRole.SUBSCRIBER, data: "old" });
  await session.fetch();
  const [connection] = session.connections;
  assert.deepEqual([connection.token, connection.role], [token, "SUBSCRIBER"]);
  await session.close();
  await assert.rejects(session.generateToken(), refused(404));
});

test("an IP camera is there at once, and publishes", async () => {
  const session = await openvidu.createSession();
  const camera = await session.createConnection({
    type: ConnectionType.IPCAM,
    rtspUri: "rtsp://camera.example.io:554/live/1",
    data: "door",
  });
  assert.match(camera.connectionId, /^ipc_IPCAM_rtsp_[A-Z0-9]{4}_camera_example_io_554_live_1$/);
  assert.deepEqual([camera.status, camera.platform, camera.token], ["active", "IPCAM", null]);
  assert.equal(camera.connectionProperties.networkCache, 2000);
  const [{ streamId }] = camera.publishers;
  assert.match(streamId, /^str_IPC_[A-Z0-9]{4}_ipc_IPCAM_/);
  await session.fetch();
  assert.equal(session.activeConnections.length, 1);
  await assert.rejects(session.forceUnpublish(streamId), refused(405));
  const wrong = { type: ConnectionType.IPCAM, rtspUri: "gopher://camera.example.io" };
  await assert.rejects(session.createConnection(wrong), refused(400));
  await session.close();
});

test("a pending connection can be changed, and withdrawn", async () => {
  const session = await openvidu.createSession();
  const connection = await session.createConnection({ data: "kept" });
  const id = connection.connectionId;
  const changed = await session.updateConnection(id, {
    role: OpenViduRole.SUBSCRIBER,
    record: false,
    data: "passed over",
  });
  assert.deepEqual([changed.connectionProperties.role, changed.connectionProperties.record], ["SUBSCRIBER", false]);
  await assertUnchanged(session);
  assert.equal(session.connections[0].serverData, "kept");
  await assert.rejects(session.updateConnection("con_none", {}), refused(404));
  await assert.rejects(session.updateConnection(id, { role: "OWNER" }), refused(400));
  await session.forceDisconnect(id);
  await assertUnchanged(session);
  assert.equal(session.connections.length, 0);
  await assert.rejects(session.forceDisconnect(id), refused(404));
  await session.close();
  await assert.rejects(session.forceDisconnect(id), refused(400));
});

test("who joins is active, and is seen to publish and receive", async () => {
  const session = await openvidu.createSession();
  const [first, second] = [
    await session.createConnection({ role: OpenViduRole.MODERATOR, data: "server data" }),
    await session.createConnection({ role: OpenViduRole.SUBSCRIBER }),
  ];
  const one = await joined(first);
  const two = await joined(second);
  assert.equal((await one.notice("participantJoined")).id, second.connectionId);
  assert.deepEqual(two.welcome.value.map((other) => other.id), [first.connectionId]);
  assert.equal(two.welcome.value[0].metadata, "client data%/%server data");
  await assert.rejects(two.publish(), { code: 401 });
  const { id: stream } = await one.publish();
  assert.equal((await two.notice("participantPublished")).streams[0].id, stream);
  await two.receive(stream);
  assert.equal(await session.fetch(), true);
  const [publishing, receiving] = session.activeConnections;
  assert.deepEqual([publishing.status, publishing.location], ["active", "unknown"]);
  assert.deepEqual([publishing.platform, publishing.clientData], ["Node.js", "client data"]);
  assert.ok(publishing.activeAt >= publishing.createdAt);
  assert.match(stream, new RegExp(`^str_CAM_[A-Z][A-Za-z0-9]{3}_${first.connectionId}$`));
  const [publisher] = publishing.publishers;
  assert.deepEqual([publisher.streamId, publisher.typeOfVideo], [stream, "CAMERA"]);
  assert.deepEqual([publisher.hasVideo, publisher.frameRate], [true, 30]);
  assert.deepEqual(receiving.subscribers, [stream]);

  await session.forceUnpublish(stream);
  const ended = { connectionId: first.connectionId, reason: "forceUnpublishByServer" };
  assert.deepEqual(await two.notice("participantUnpublished"), ended);
  assert.deepEqual(await one.notice("participantUnpublished"), ended);
  await assert.rejects(session.forceUnpublish(stream), refused(404));
  await assertUnchanged(session);

  await session.updateConnection(second.connectionId, { role: OpenViduRole.PUBLISHER });
  const told = await two.notice("connectionPropertyChanged");
  assert.deepEqual(told, { property: "role", newValue: "PUBLISHER" });
  await two.publish();

  await session.forceDisconnect(second.connectionId);
  const evicted = { connectionId: second.connectionId, reason: "forceDisconnectByServer" };
  assert.deepEqual(await two.notice("participantEvicted"), evicted);
  assert.deepEqual(await one.notice("participantLeft"), evicted);
  await session.fetch();
  assert.equal(session.activeConnections.length, 1);
  await session.close();
  assert.equal((await one.notice("participantEvicted")).reason, "forceDisconnectByServer");
});

test("what is known of all sessions is fetched", async () => {
  const other = new OpenVidu(url, secret);
  other.enableProdMode();
  const session = await openvidu.createSession();
  const user = await joined(await session.createConnection());
  await user.publish();
  assert.equal(await other.fetch(), true);
  assert.equal(await other.fetch(), false);
  const [found] = other.activeSessions.filter((one) => one.sessionId === session.sessionId);
  assert.equal(found.activeConnections.length, 1);
  assert.equal(typeof (await other.fetchWebRtc()).changes, "boolean");
  await session.close();
  assert.equal(await other.fetch(), true);
  assert.ok(!other.activeSessions.some((one) => one.sessionId === session.sessionId));
});

test("a user who leaves is the last one", async () => {
  const session = await openvidu.createSession();
  const user = await joined(await session.createConnection());
  await user.leave();
  await assert.rejects(session.fetch(), refused(404));
});

test("a recording is started, stopped, listed and deleted", async () => {
  const session = await openvidu.createSession({ customSessionId: "recorded" });
  const id = session.sessionId;
  await assert.rejects(openvidu.startRecording("none"), refused(404));
  await assert.rejects(openvidu.startRecording(id), refused(406));
  const user = await joined(await session.createConnection());
  await assert.rejects(openvidu.startRecording(id, { hasAudio: false, hasVideo: false }), refused(422));
  await assert.rejects(openvidu.startRecording(id, { resolution: "99x100" }), refused(422));
  await assert.rejects(openvidu.startRecording(id, { frameRate: 121 }), refused(422));
  await assert.rejects(openvidu.startRecording(id, { name: "no good" }), refused(400));
  await assert.rejects(openvidu.startRecording(id, { outputMode: "ORAL" }), refused(400));
  const started = await openvidu.startRecording(id, { name: "evidence", resolution: "640x480" });
  assert.deepEqual([started.id, started.status, started.properties.name], [id, "started", "evidence"]);
  assert.equal(started.properties.resolution, "640x480");
  assert.deepEqual(await user.notice("recordingStarted"), { id, name: "evidence" });
  await assert.rejects(openvidu.startRecording(id), refused(409));
  await assert.rejects(openvidu.deleteRecording(id), refused(409));
  await session.fetch();
  assert.equal(session.recording, true);
  const stopped = await openvidu.stopRecording(id);
  assert.ok(["stopped", "ready"].includes(stopped.status), stopped.status);
  assert.equal((await user.notice("recordingStopped")).reason, "recordingStoppedByServer");
  await assert.rejects(openvidu.stopRecording(id), refused(404));
  const second = await openvidu.startRecording(id);
  assert.equal(second.id, `${id}~1`);
  await openvidu.stopRecording(second.id);
  assert.ok((await openvidu.listRecordings()).some((one) => one.id === second.id));
  assert.equal((await openvidu.getRecording(id)).properties.name, "evidence");
  for (const one of [id, second.id]) {
    await ready(one);
    await openvidu.deleteRecording(one);
    await assert.rejects(openvidu.getRecording(one), refused(404));
    await assert.rejects(openvidu.deleteRecording(one), refused(404));
  }
  await session.close();
});

async function ready(recording) {
  while ((await openvidu.getRecording(recording)).status !== "ready")
    await new Promise((resolve) => setTimeout(resolve, 50));
}

test("a relayed session is not recorded", async () => {
  const session = await openvidu.createSession({ mediaMode: "RELAYED" });
  await assert.rejects(openvidu.startRecording(session.sessionId), refused(409));
  await session.close();
});

test("a broadcast is started once, and stopped once", async () => {
  const target = "rtmp://stream.example.io/live";
  const session = await openvidu.createSession();
  const id = session.sessionId;
  await assert.rejects(openvidu.startBroadcast("none", target), refused(404));
  await assert.rejects(openvidu.startBroadcast(id, target), refused(406));
  const user = await joined(await session.createConnection());
  await assert.rejects(openvidu.stopBroadcast(id), refused(409));
  await assert.rejects(openvidu.startBroadcast(id, "not a url"), refused(400));
  await assert.rejects(openvidu.startBroadcast(id, target, { resolution: "99x100" }), refused(422));
  await openvidu.startBroadcast(id, target);
  await user.notice("broadcastStarted");
  await assert.rejects(openvidu.startBroadcast(id, target), refused(409));
  await session.fetch();
  assert.equal(session.broadcasting, true);
  await openvidu.stopBroadcast(id);
  await user.notice("broadcastStopped");
  await assert.rejects(openvidu.stopBroadcast("none"), refused(404));
  await session.close();
});
