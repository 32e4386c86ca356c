// The page of `status --web` in a real Chromium: URL is where it is, CHROMIUM the program, and
// PUPPETEER the folder in which puppeteer-core is installed. How far the cluster has come is the
// number in the file STEP: node-2 serves, drains, has left, and is gone.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

const { URL: address, CHROMIUM: executablePath, PUPPETEER, STEP } = process.env;
const puppeteer = createRequire(`${PUPPETEER}/`)("puppeteer-core");
let browser;
before(async () => (browser = await puppeteer.launch({ executablePath, args: ["--no-sandbox"] })));
after(() => browser.close());
const comes = (step) => writeFileSync(STEP, String(step));

/** The page, once it shows something; with what its browser complained of, and what it asked for. */
async function opened({ width = 1280, scheme = "light" } = {}) {
  const page = await browser.newPage();
  const complaints = [], asked = new Set();
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => asked.add(new URL(request.url()).origin));
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.setViewport({ width, height: 900 });
  await page.goto(address);
  await page.waitForSelector("main:not([hidden])");
  return { page, complaints, asked };
}

const texts = (page, selector) => page.$$eval(selector, (found) => found.map((one) => one.innerText));
const wait = (page, selector, text) =>
  page.waitForFunction((selector, text) => [...document.querySelectorAll(selector)].some((one) => one.innerText.includes(text)), {},
    selector, text);

test("a drain is followed without a reload, and a call's own name is text", async () => {
  const { page, complaints, asked } = await opened();
  assert.deepEqual(await texts(page, "#machines tbody th"), ["base", "node-1", "node-2"]);
  assert.match((await texts(page, "#state"))[0], /^● UP/);
  await page.focus("details summary");
  await page.keyboard.press("Enter");
  assert.match((await texts(page, "details td"))[0], /^<img src=x onerror=/);
  comes(1);
  await wait(page, "#events td", "drains: 1 call");
  // Whoever reads the calls, or is there by keyboard, goes on.
  assert.equal((await page.$$("details[open]")).length, 1);
  assert.equal(await page.evaluate(() => document.activeElement.localName), "summary");
  // What a state is can be told without colours.
  assert.ok((await page.$$("#chart rect.draining + rect[fill^=url]")).length);
  assert.match(await page.$eval("#chart svg", (one) => one.getAttribute("aria-label")), /node-2 serving from .*draining from /);
  comes(2);
  await wait(page, "#remarks li", "node-2 has left the cluster.");
  assert.deepEqual(await texts(page, "#remarks code"), ["pulumi up"]);
  const command = await page.$("#remarks code");
  await page.waitForResponse((answer) => answer.url().endsWith("look.json"));
  // What is being selected there stays.
  assert.ok(await command.evaluate((one) => one.isConnected));
  comes(3);
  await wait(page, "#events td", "is gone");
  assert.deepEqual(await texts(page, "#machines tbody th"), ["base", "node-1"]);
  assert.deepEqual(complaints, []);
  assert.deepEqual([...asked], [new URL(address).origin]);
  await page.setOfflineMode(true);
  await wait(page, "[role=alert]:not([hidden])", "isn't refreshed any more");
  await page.setOfflineMode(false);
  await page.waitForSelector("[role=alert][hidden]");
  await page.close();
});

/** How well a text is told from what is behind it. Source: WCAG 2.2, "contrast ratio". */
function leastContrast() {
  const channel = (value) => (value <= 10 ? value / 3294 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
  const numbers = (colour) => colour.match(/[\d.]+/g).map(Number);
  function behind(element) {
    const found = numbers(getComputedStyle(element).backgroundColor);
    return (found[3] ?? 1) || !element.parentElement ? found : behind(element.parentElement);
  }
  const ratios = [...document.querySelectorAll("body *:not(script, svg, svg *)")]
    .filter((one) => [...one.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) && one.getClientRects().length)
    .map((one) => {
      const [low, high] = [light(numbers(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => a - b);
      return (high + 0.05) / (low + 0.05);
    });
  return Math.min(...ratios);
}

for (const scheme of ["light", "dark"])
  for (const width of [1280, 390])
    test(`it reads well in ${scheme}, ${width} pixels wide`, async () => {
      const { page, complaints } = await opened({ width, scheme });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      assert.ok((await page.evaluate(leastContrast)) >= 4.5);
      const [red] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
      assert.equal(red > 128, scheme === "light");
      // Narrow, a value has its column's name beside it; the table is one all the same.
      const label = await page.$eval("#machines td", (one) => getComputedStyle(one, "::before").content);
      assert.equal(label.includes("state"), width < 720);
      const tree = JSON.stringify(await page.accessibility.snapshot({ interestingOnly: false }));
      for (const role of ["table", "columnheader", "rowheader", "cell"]) assert.ok(tree.includes(`"role":"${role}"`), role);
      assert.deepEqual(complaints, []);
      await page.close();
    });
