// A user of a session, as far as REST calls need somebody to be there: joins, publishes, receives.
import WebSocket from "ws";

const SDP = [
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "a=mid:0",
  "a=rtpmap:111 opus/48000/2",
  "a=sendonly",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "a=mid:1",
  "a=rtpmap:96 VP8/90000",
  "a=sendonly",
  "",
].join("\r\n");

export class User {
  #socket;
  #asked = 0;
  #answers = new Map();
  #waiting = [];
  /** What the server said without being asked: {method, params}. */
  notices = [];

  /** Opens a socket, as openvidu-browser does, and uses up the connection's token. */
  static async join(url, connection) {
    const user = new User();
    const session = new URL(connection.token).searchParams.get("sessionId");
    const front = url.replace(/^http/, "ws");
    user.#socket = new WebSocket(`${front}/openvidu?sessionId=${session}`);
    user.#socket.on("message", (text) => user.#take(JSON.parse(text)));
    await new Promise((resolve, reject) => {
      user.#socket.once("open", resolve);
      user.#socket.once("error", reject);
    });
    await user.ask("ping", { interval: 5000 });
    user.welcome = await user.ask("joinRoom", {
      token: connection.token,
      session,
      platform: "Node.js",
      metadata: "client data",
      secret: "",
      sdkVersion: "2.30.0",
    });
    return user;
  }

  ask(method, params = {}) {
    const id = ++this.#asked;
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return new Promise((resolve, reject) => this.#answers.set(id, { resolve, reject }));
  }

  publish() {
    return this.ask("publishVideo", {
      sdpOffer: SDP,
      doLoopback: false,
      hasAudio: true,
      hasVideo: true,
      audioActive: true,
      videoActive: true,
      typeOfVideo: "CAMERA",
      frameRate: 30,
      videoDimensions: '{"width":640,"height":480}',
      filter: {},
    });
  }

  async receive(stream) {
    const { sdpOffer } = await this.ask("prepareReceiveVideoFrom", {
      sender: stream,
      reconnect: false,
    });
    await this.ask("receiveVideoFrom", { sender: stream, sdpAnswer: sdpOffer });
  }

  /** The first notice of a method, when it is there. */
  notice(method) {
    const found = this.notices.find((one) => one.method === method);
    if (found) return Promise.resolve(found.params);
    return new Promise((resolve) => this.#waiting.push({ method, resolve }));
  }

  async leave() {
    if (this.#socket.readyState === WebSocket.OPEN) await this.ask("leaveRoom");
    this.#socket.close();
  }

  /** Closes the socket without a word to OpenVidu. */
  close(code) {
    this.#socket.close(code);
  }

  #take(message) {
    if (message.method) {
      this.notices.push(message);
      for (const { method, resolve } of this.#waiting)
        if (method === message.method) resolve(message.params);
      return;
    }
    const { resolve, reject } = this.#answers.get(message.id);
    this.#answers.delete(message.id);
    if (message.error) reject(Object.assign(new Error(message.error.message), message.error));
    else resolve(message.result);
  }
}
