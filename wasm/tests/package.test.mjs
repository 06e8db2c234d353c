// The npm package as its README has it: the bare `await init()` in a real browser, as it is served and through a bundler, and the
// import by name in Node. The bindings were made without their module's place once, so that it failed, and every test passed bytes.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { Dump, dumpPath, dumpText } from "./support/module.mjs";

const DUMP = "beyond-2-53.json";
const PACKAGE = fileURLToPath(new URL("../pkg", import.meta.url));
const expected = new Dump(dumpText(DUMP)).translate({ allGroups: true }).toJson();

/** How long a browser may take on a machine that has other things to do. */
const PATIENCE = 120_000;

const scratch = mkdtempSync(join(tmpdir(), "offsets-wasm-package-"));
after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }));

// What `npm install` would leave.
mkdirSync(join(scratch, "node_modules"));
symlinkSync(PACKAGE, join(scratch, "node_modules", "offsets-wasm"));

/** A program of a page: uses the package before `init` and after the bare call, and reports both. */
const program = (specifier, name) => `
    import init, { Dump, NotInitialisedError } from "${specifier}";
    const report = {};
    try {
        try {
            new Dump("{}");
        } catch (error) {
            const { name, code, message } = error;
            report.before = { name, code, message, isTyped: error instanceof NotInitialisedError };
        }
        await init();
        await init();
        const text = await (await fetch("/dump.json")).text();
        report.answer = new Dump(text).translate({ allGroups: true }).toJson();
    } catch (error) {
        report.error = String(error);
    }
    await fetch("/report/${name}", { method: "POST", body: JSON.stringify(report) });
`;

/** Bundles the program of a page with the package that it names. */
function bundle() {
    const from = join(scratch, "bundled.mjs");
    writeFileSync(from, program("offsets-wasm", "bundled"));
    const out = join(scratch, "bundle");
    const bundler = process.env.ESBUILD ?? "esbuild";
    const run = spawnSync(bundler, [from, "--bundle", "--format=esm", "--minify", `--outdir=${out}`, "--out-extension:.js=.mjs"], {
        encoding: "utf8",
    });
    assert.ifError(run.error);
    assert.equal(run.status, 0, run.stderr);
    // esbuild leaves `new URL(…, import.meta.url)` as it is.
    copyFileSync(join(PACKAGE, "web", "offsets_wasm_bg.wasm"), join(out, "offsets_wasm_bg.wasm"));
    return out;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>offsets</title>
    <script type="module" src="/served.mjs"></script><script type="module" src="/bundle/bundled.mjs"></script>`;

/** Serves the page, the package and the bundle on loopback, and hands over what the page reports. */
async function serve(bundled, reports) {
    const type = (path) =>
        path.endsWith(".wasm") ? "application/wasm" : path.endsWith("js") ? "text/javascript" : "text/html";
    const server = createServer((request, response) => {
        const { pathname } = new URL(request.url, "http://page");
        const send = (content, kind) => response.writeHead(200, { "content-type": kind }).end(content);
        if (pathname.startsWith("/report/")) {
            let body = "";
            request.on("data", (part) => (body += part));
            request.on("end", () => {
                reports.get(pathname.slice("/report/".length))?.(JSON.parse(body));
                send("", "text/plain");
            });
        } else if (pathname === "/") send(PAGE, "text/html");
        else if (pathname === "/served.mjs") send(program("/package/web/index.js", "served"), "text/javascript");
        else if (pathname === "/dump.json") send(readFileSync(dumpPath(DUMP)), "application/json");
        else {
            const [, root, ...rest] = pathname.split("/");
            const folder = { package: PACKAGE, bundle: bundled }[root];
            try {
                send(readFileSync(join(folder, ...rest)), type(pathname));
            } catch {
                response.writeHead(404).end();
            }
        }
    });
    await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
    return server;
}

/** Opens an address in a browser without a window, and with no way to other machines. */
function browse(address) {
    const browser = spawn(process.env.CHROMIUM ?? "chromium", [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        `--user-data-dir=${join(scratch, "profile")}`,
        address,
    ]);
    let said = "";
    browser.stderr.on("data", (part) => (said += part));
    const ended = new Promise((ended) => browser.on("close", ended));
    const failed = new Promise((_, reject) => {
        browser.on("error", (error) => reject(new Error(`no browser: ${error.message}; \`cargo xtask setup\` installs one`)));
        browser.on("exit", (code) => reject(new Error(`the browser ended (${code}):\n${said}`)));
    });
    failed.catch(() => {});
    return { failed, close: () => (browser.kill("SIGKILL"), ended) };
}

test("the bare `await init()` works in a browser, served and bundled, and a typed error says so before it", { timeout: PATIENCE }, async () => {
    const reports = new Map();
    const reported = (name) => new Promise((take) => reports.set(name, take));
    const both = Promise.all([reported("served"), reported("bundled")]);
    const server = await serve(bundle(), reports);
    const browser = browse(`http://127.0.0.1:${server.address().port}/`);
    try {
        for (const report of await Promise.race([both, browser.failed])) {
            assert.equal(report.error, undefined);
            const { message, ...before } = report.before;
            assert.deepEqual(before, { name: "NotInitialisedError", code: "not-initialised", isTyped: true });
            assert.match(message, /call init first/);
            assert.equal(report.answer, expected);
        }
    } finally {
        await browser.close();
        server.closeAllConnections();
        server.close();
    }
});

test("in Node the package is imported and required by its name, and `init` does nothing", () => {
    const answer = `new Dump(readFileSync(${JSON.stringify(dumpPath(DUMP))}, "utf8")).translate({ allGroups: true }).toJson()`;
    const imported = `import { readFileSync } from "node:fs"; import init, { Dump } from "offsets-wasm"; await init(); process.stdout.write(${answer});`;
    const required = `const { readFileSync } = require("node:fs"); const { Dump } = require("offsets-wasm"); process.stdout.write(${answer});`;
    for (const [name, text] of [
        ["imported.mjs", imported],
        ["required.cjs", required],
    ]) {
        const path = join(scratch, name);
        writeFileSync(path, text);
        const run = spawnSync(process.execPath, [path], { cwd: scratch, encoding: "utf8" });
        assert.equal(run.status, 0, run.stderr);
        assert.equal(run.stdout, expected);
    }
});

test("whatever the bindings export is behind the check", async () => {
    // One that is added here has to throw NotInitialisedError before `init`, as `Dump` does.
    const bindings = await import("../pkg/web/offsets_wasm.js");
    assert.deepEqual(Object.keys(bindings).sort(), ["Dump", "Translation", "default", "initSync"]);
    const web = await import("../pkg/web/index.js");
    assert.deepEqual(Object.keys(web).sort(), ["Dump", "NotInitialisedError", "Translation", "default", "initSync"]);
    assert.throws(() => new web.Dump("{}"), web.NotInitialisedError);
});

test("every file that package.json names is there", () => {
    const manifest = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
    const named = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(named));
    const { exports, main, module, types, files } = manifest;
    for (const path of named([exports, main, module, types, files])) {
        assert.ok(existsSync(join(PACKAGE, path)), `there is no ${path}`);
    }
});
