// openvidu-browser in a real Chromium, against the OpenVidu at OPENVIDU_URL: what happens in one
// page is what the pages of others are told, see and hear, from Chromium's own camera and microphone.
// OPENVIDU_BROWSER names the package: one of those in package.json; CHROMIUM the program. Browsers
// come in at FRONT_PORT, which this suite leads to OpenVidu, so that their network can be cut.
import assert from "node:assert/strict";
import * as net from "node:net";
import { after, afterEach, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { ARGUMENTS, client as script, serve } from "../../lab/calls/browsers/served.mjs";

const { OPENVIDU_URL: url, OPENVIDU_SECRET: secret, OPENVIDU_BROWSER: client } = process.env;
const EVENTS = [
  "connectionCreated",
  "connectionDestroyed",
  "streamCreated",
  "streamDestroyed",
  "streamPropertyChanged",
  "sessionDisconnected",
  "signal",
  "recordingStarted",
  "recordingStopped",
  "connectionPropertyChanged",
  "reconnecting",
  "reconnected",
];
let pages, browser, address;
const open = new Set();
const front = net.createServer((down) => {
  const up = net.connect(new URL(url).port, "127.0.0.1");
  for (const [one, other] of [
    [down, up],
    [up, down],
  ]) {
    open.add(one);
    one.on("error", () => {}).on("close", () => other.destroy());
    one.pipe(other);
  }
});

/** Lets browsers reach OpenVidu. */
const mend = () =>
  new Promise((resolve) => front.listen(process.env.FRONT_PORT, "127.0.0.1", resolve));

/** Lets no browser reach OpenVidu, nor keep what it has. */
function cut() {
  front.close();
  for (const socket of open) socket.destroy();
  open.clear();
}

before(async () => {
  await mend();
  const folder = new URL(`node_modules/${client}/`, import.meta.url);
  ({ server: pages, address } = await serve({ "openvidu.js": await script(folder) }));
  browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM,
    args: ARGUMENTS,
  });
});

// Pages of earlier tests take their time of the processors.
afterEach(async () => {
  const called = (await browser.pages()).filter((page) => page.url() === address);
  await Promise.all(called.map((page) => page.close()));
});

after(async () => {
  await browser?.close();
  pages.close();
  cut();
});

async function api(method, path, body) {
  const answer = await fetch(`${url}/openvidu/api/${path}`, {
    method,
    headers: { Authorization: `Basic ${btoa(`OPENVIDUAPP:${secret}`)}` },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** A user's page, joined to a session. */
async function join(session, properties = {}) {
  const { token, connectionId } = await api("POST", `sessions/${session}/connection`, properties);
  const page = await browser.newPage();
  await page.goto(address);
  await page.evaluate(
    async (token, names) => {
      const openvidu = new OpenVidu();
      openvidu.enableProdMode();
      const session = openvidu.initSession();
      const told = [];
      for (const name of names)
        // Events of the connection itself come without a word.
        session.on(name, (event = {}) => {
          const { type = name, reason, data, changedProperty, newValue, id } = event;
          const about = event.connection ?? event.stream?.connection ?? event.from;
          told.push({ type, reason, data, changedProperty, newValue, id, about: about?.connectionId });
        });
      const subscribers = [];
      session.on("streamCreated", ({ stream }) =>
        subscribers.push(session.subscribe(stream, document.body)),
      );
      Object.assign(window, { openvidu, session, told, subscribers });
      await session.connect(token, { name: "tester" });
    },
    token,
    EVENTS,
  );
  return { page, connectionId };
}

/** Waits until a page has been told of something. */
async function told({ page }, type, about) {
  const found = await page.waitForFunction(
    (type, about) => window.told.find((one) => one.type === type && (!about || one.about === about)),
    // A page behind another paints nothing, and what is polled at each frame never is.
    { timeout: 30_000, polling: 50 },
    type,
    about,
  );
  return found.jsonValue();
}

const publish = ({ page }) =>
  page.evaluate(async () => {
    window.publisher = await openvidu.initPublisherAsync(undefined, { resolution: "320x240" });
    await session.publish(publisher);
    return publisher.stream.streamId;
  });

/** What a page's connections say of themselves; of the first one that it receives, what it made of it. */
const perceived = (page) =>
  page.evaluate(async () => {
    const { publisher, subscribers = [] } = window;
    const streams = [publisher, ...subscribers].filter(Boolean).map(({ stream }) => stream);
    const said = [];
    for (const stream of streams) {
      const { pc } = stream.getWebRtcPeer() ?? {};
      const stats = [...((await pc?.getStats())?.values() ?? [])];
      const of = (type) => stats.filter((one) => one.type === type);
      said.push({
        stream: stream.streamId,
        sends: stream === publisher?.stream,
        ice: pc?.iceConnectionState,
        dtls: of("transport").map((one) => one.dtlsState),
        pairs: of("candidate-pair").map(({ state, nominated }) => ({ state, nominated })),
        rtp: [...of("inbound-rtp"), ...of("outbound-rtp")].map((one) => ({
          kind: one.kind,
          packets: one.packetsReceived ?? one.packetsSent,
          frames: one.framesDecoded ?? one.framesEncoded,
          keyFrames: one.keyFramesDecoded ?? one.keyFramesEncoded,
          energy: one.totalAudioEnergy,
          asked: one.pliCount,
        })),
      });
    }
    const received = said.find((one) => !one.sends)?.rtp ?? [];
    const [video, audio] = ["video", "audio"].map((kind) => received.find((one) => one.kind === kind));
    return { seen: video?.frames ?? 0, heard: audio?.energy ?? 0, said };
  });

/** Waits until a page has seen more pictures and heard more sound of another one. */
async function perceive({ page }) {
  let before = await perceived(page);
  const end = Date.now() + 60_000;
  for (;;) {
    const now = await perceived(page);
    if (now.seen > before.seen + 10 && now.heard > before.heard) return;
    // Another connection counts from the beginning.
    if (now.seen < before.seen) before = now;
    if (Date.now() > end) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const called = (await browser.pages()).filter((one) => one.url() === address);
  const all = await Promise.all(called.map(perceived));
  assert.fail(`no pictures and sound within a minute: ${JSON.stringify(all.map(({ said }) => said))}`);
}

async function call(...roles) {
  const { id } = await api("POST", "sessions", {});
  const users = [];
  for (const role of roles) users.push(await join(id, { role, data: "from the server" }));
  return [id, ...users];
}

test("each user is told of the others, and of what they publish", async () => {
  const [session, first, second] = await call("PUBLISHER", "PUBLISHER");
  await told(first, "connectionCreated", second.connectionId);
  const stream = await publish(first);
  assert.equal((await told(second, "streamCreated")).about, first.connectionId);
  const { connections } = await api("GET", `sessions/${session}`);
  assert.equal(connections.content[0].publishers[0].streamId, stream);
  assert.equal(JSON.parse(connections.content[0].clientData).name, "tester");
  const third = await join(session);
  await told(third, "connectionCreated", first.connectionId);
  assert.equal((await told(third, "streamCreated")).about, first.connectionId);
  await second.page.evaluate(() => session.disconnect());
  const left = await told(first, "connectionDestroyed", second.connectionId);
  assert.equal(left.reason, "disconnect");
  await api("DELETE", `sessions/${session}`);
  for (const user of [first, third])
    assert.equal((await told(user, "sessionDisconnected")).reason, "sessionClosedByServer");
});

test("users see and hear each other", async () => {
  const [session, first, second] = await call("PUBLISHER", "PUBLISHER");
  for (const user of [first, second]) await publish(user);
  for (const user of [first, second]) await perceive(user);
  await api("DELETE", `sessions/${session}`);
});

test("users and the application send signals", async () => {
  const [session, first, second] = await call("PUBLISHER", "SUBSCRIBER");
  await first.page.evaluate(() => session.signal({ type: "chat", data: "hello" }));
  for (const user of [first, second])
    assert.deepEqual(await told(user, "signal:chat"), {
      type: "signal:chat",
      data: "hello",
      about: first.connectionId,
    });
  await api("POST", "signal", { session, data: "from above", to: [second.connectionId] });
  assert.equal((await told(second, "signal")).data, "from above");
  await api("DELETE", `sessions/${session}`);
});

test("who mutes is seen to be mute, and unpublishes", async () => {
  const [session, first, second] = await call("PUBLISHER", "PUBLISHER");
  await publish(first);
  await told(second, "streamCreated");
  await first.page.evaluate(() => publisher.publishAudio(false));
  const change = await told(second, "streamPropertyChanged");
  assert.deepEqual([change.changedProperty, change.newValue], ["audioActive", false]);
  assert.equal(change.reason, "publishAudio");
  await first.page.evaluate(() => session.unpublish(publisher));
  assert.equal((await told(second, "streamDestroyed")).reason, "unpublish");
  await publish(first);
  await api("DELETE", `sessions/${session}`);
});

test("a moderator ends what others publish, and puts them out", async () => {
  const [session, moderator, other] = await call("MODERATOR", "PUBLISHER");
  await publish(other);
  await told(moderator, "streamCreated", other.connectionId);
  const act = (method, of) =>
    moderator.page.evaluate(
      async (method, of, id) => {
        const connection = session.remoteConnections.get(id);
        await session[method](of === "stream" ? connection.stream : connection);
      },
      method,
      of,
      other.connectionId,
    );
  await act("forceUnpublish", "stream");
  assert.equal((await told(moderator, "streamDestroyed")).reason, "forceUnpublishByUser");
  await act("forceDisconnect", "connection");
  assert.equal((await told(other, "sessionDisconnected")).reason, "forceDisconnectByUser");
  const left = await told(moderator, "connectionDestroyed", other.connectionId);
  assert.equal(left.reason, "forceDisconnectByUser");
  await api("DELETE", `sessions/${session}`);
});

test("who may do it is told of recordings, and of new rights", async () => {
  const [session, user] = await call("PUBLISHER");
  const { id } = await api("POST", "recordings/start", { session });
  assert.equal((await told(user, "recordingStarted")).id, id);
  await api("POST", `recordings/stop/${id}`);
  assert.equal((await told(user, "recordingStopped")).id, id);
  await api("PATCH", `sessions/${session}/connection/${user.connectionId}`, { role: "SUBSCRIBER" });
  const change = await told(user, "connectionPropertyChanged");
  assert.deepEqual([change.changedProperty, change.newValue], ["role", "SUBSCRIBER"]);
  await api("DELETE", `sessions/${session}`);
});

test("a token that was used lets nobody in", async () => {
  const [session, user] = await call("PUBLISHER");
  const { token } = await api("GET", `sessions/${session}/connection/${user.connectionId}`);
  const code = await user.page.evaluate(
    (token) => new OpenVidu().initSession().connect(token).catch((error) => error.code),
    token,
  );
  assert.equal(code, 401);
  await api("DELETE", `sessions/${session}`);
});

test("who reloads the page has left", async () => {
  const [session, first, second] = await call("PUBLISHER", "PUBLISHER");
  await second.page.reload();
  const left = await told(first, "connectionDestroyed", second.connectionId);
  // The client says goodbye; the browser may be quicker to close the socket, and then it takes 10 s.
  assert.ok(["disconnect", "networkDisconnect"].includes(left.reason), left.reason);
  await api("DELETE", `sessions/${session}`);
});

test("who loses the network for a moment is back, and was in the call all the time", async () => {
  const [session, first, second] = await call("PUBLISHER", "PUBLISHER");
  await publish(first);
  await told(second, "streamCreated");
  await perceive(second);
  cut();
  for (const user of [first, second]) await told(user, "reconnecting");
  await mend();
  for (const user of [first, second]) await told(user, "reconnected");
  await perceive(second);
  await first.page.evaluate(() => session.signal({ type: "after", data: "still here" }));
  assert.equal((await told(second, "signal:after")).about, first.connectionId);
  const all = await second.page.evaluate(() => told.map((one) => one.type));
  assert.ok(!all.includes("connectionDestroyed") && !all.includes("sessionDisconnected"), all);
  await api("DELETE", `sessions/${session}`);
});

test("who loses the network for too long has left, and is told so", async () => {
  const [session, user] = await call("PUBLISHER");
  cut();
  while ((await api("GET", "sessions")).content.some((one) => one.id === session))
    await new Promise((resolve) => setTimeout(resolve, 200));
  await mend();
  assert.equal((await told(user, "sessionDisconnected")).reason, "networkDisconnect");
});
