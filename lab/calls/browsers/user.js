// What an application's page does, and what its user sees: with openvidu-browser, which is loaded
// before. `tell` is the way out: of what the client says to the application, in its own words.
const WORDS = [
  "reconnecting",
  "reconnected",
  "sessionDisconnected",
  "exception",
  "streamDestroyed",
  "networkQualityLevelChanged",
];
const pictures = new Map();
let session;

const now = () => performance.timeOrigin + performance.now();

/** Joins with a token, subscribes to all that others publish, and publishes camera and microphone. */
async function join(token) {
  const openvidu = new OpenVidu();
  openvidu.enableProdMode();
  session = openvidu.initSession();
  for (const name of WORDS)
    // Events of the connection itself come without a word.
    session.on(name, (event = {}) =>
      tell({ at: now(), said: name, about: event.reason ?? event.name ?? "" }),
    );
  session.on("streamCreated", ({ stream }) => watch(session.subscribe(stream, document.body)));
  session.on("streamDestroyed", ({ stream }) => end(stream.streamId));
  session.on("sessionDisconnected", () => [...pictures.keys()].forEach(end));
  await session.connect(token);
  const publisher = await openvidu.initPublisherAsync(undefined, {
    resolution: "320x240",
    frameRate: 20,
  });
  await session.publish(publisher);
}

/** Notes when pictures of a subscriber come; its client may take another track on the way. */
function watch({ stream }) {
  const seen = { frames: 0, last: 0, longest: 0, since: 0, over: false };
  pictures.set(stream.streamId, seen);
  let reading;
  const look = () => {
    if (seen.over) return clearInterval(looking);
    const [track] = stream.getMediaStream()?.getVideoTracks() ?? [];
    if (!track || track === reading) return;
    reading = track;
    read(track, seen);
  };
  const looking = setInterval(look, 50);
}

/** Takes each picture of a track as it's decoded: what is painted depends on the window. */
async function read(track, seen) {
  const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    value.close();
    if (seen.over) return void reader.cancel();
    count(seen);
    seen.frames += 1;
    seen.last = now();
  }
}

/** The time since the last picture may be the longest one. */
function count(seen) {
  if (!seen.frames || seen.over) return;
  const gap = now() - seen.last;
  if (gap > seen.longest) Object.assign(seen, { longest: gap, since: seen.last });
}

/** Nothing more of a stream is expected. */
function end(id) {
  const seen = pictures.get(id);
  if (!seen) return;
  count(seen);
  seen.over = true;
}

/** Of how many others pictures have come. */
const seenOthers = () => [...pictures.values()].filter(({ frames }) => frames).length;

/** What the user saw so far: the longest freeze and since when, and how long there is none now. */
function measure() {
  const all = [...pictures.values()];
  all.forEach(count);
  const longest = all.reduce((one, two) => (two.longest > one.longest ? two : one), {
    longest: 0,
    since: now(),
  });
  const waiting = all.filter(({ over, frames }) => frames && !over).map(({ last }) => now() - last);
  return { longest: longest.longest, since: longest.since, now: Math.max(0, ...waiting) };
}

/** Leaves the call properly. */
const leave = () => session.disconnect();
