// Users of calls, each a page of one headless Chromium with openvidu-browser. What they are to do
// comes by standard input, a JSON line each; answers, and what their clients say, go by standard
// output. Ends when standard input ends. CHROMIUM is the program, PROFILE a folder for its files.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";
import { ARGUMENTS, client, serve } from "./served.mjs";

const { CHROMIUM: executablePath, PROFILE: userDataDir } = process.env;
const users = new Map();

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

const { address } = await serve({
  "client.js": await client(new URL("node_modules/openvidu-browser/", import.meta.url)),
  "user.js": await readFile(new URL("user.js", import.meta.url)),
});
const browser = await puppeteer.launch({
  executablePath,
  userDataDir,
  args: [...ARGUMENTS, "--mute-audio"],
});

const acts = {
  async join({ user, token }) {
    const page = await browser.newPage();
    const known = { page, heard: Date.now() };
    users.set(user, known);
    // When the cluster was last heard of is nothing that the client says.
    const network = await page.createCDPSession();
    await network.send("Network.enable");
    network.on("Network.webSocketFrameReceived", () => (known.heard = Date.now()));
    await page.exposeFunction("tell", (said) => say({ user, heard: known.heard, ...said }));
    await page.goto(address);
    await page.evaluate((token) => join(token), token);
  },
  async see({ user, others, within }) {
    const options = { timeout: 1000 * within, polling: 100 };
    await users.get(user).page.waitForFunction((others) => seenOthers() >= others, options, others);
  },
  measure: ({ user }) => users.get(user).page.evaluate(() => measure()),
  leave: ({ user }) => users.get(user).page.evaluate(() => leave()),
  async close({ user }) {
    await users.get(user)?.page.close();
    users.delete(user);
  },
};

async function act({ id, act, ...facts }) {
  try {
    say({ id, answer: (await acts[act](facts)) ?? null });
  } catch (error) {
    // openvidu-browser throws errors, and objects that have a message.
    say({ id, error: error?.message ?? String(error) });
  }
}

say({ ready: await browser.version() });
browser.on("disconnected", () => process.exit(1));
for await (const line of createInterface({ input: process.stdin })) act(JSON.parse(line));
browser.removeAllListeners("disconnected");
await browser.close();
process.exit(0);
