// The built files in runtimes other than Node and browsers.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { serveSeven } from '../seven.js';
import { expected } from '../use.js';
import { binary, bundle } from './binaries.js';

const exec = promisify(execFile);

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'core-sdk-'));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** A module that has a client of an API in the globals `use` reads. */
const setup = (origin: string) => `
  import * as sdk from './src/index.js';
  import { use } from './test/use.js';
  const client = new sdk.CoreApiClient({ baseUrl: ${JSON.stringify(origin)}, authToken: 'secret' });
  Object.assign(globalThis, { sdk, client });`;

for (const [name, ...argv] of [['bun', 'run'], ['deno', 'run', '--allow-net=127.0.0.1', '--no-prompt']] as const) {
  test(`the client works in ${name}`, async (t) => {
    const api = await serveSeven();
    t.after(() => api.stop());
    const file = join(await folder(t), 'main.js');
    await bundle(`${setup(api.origin)} console.log(JSON.stringify(await use()));`, file);
    const { stdout } = await exec(await binary(name), [...argv, file]);
    assert.deepEqual(JSON.parse(stdout), expected);
  });
}

// Regression: Bun's test runner took a call that a test returns for fulfilled.
test('a test of Bun that returns a call fails with it', async (t) => {
  const api = await serveSeven();
  t.after(() => api.stop());
  const file = join(await folder(t), 'call.test.js');
  const run = async (call: string) => {
    await bundle(`${setup(api.origin)} import { test } from 'bun:test'; test('a call', () => ${call});`, file);
    return exec(await binary('bun'), ['test', file]).then(
      () => 'passed',
      ({ stderr }: { stderr: string }) => stderr.replace(/\x1b\[[0-9;]*m/g, ''),
    );
  };
  assert.equal(await run(`client.me.get()`), 'passed');
  for (const call of [`client.roles.get('7')`, `client.roles.list()`, `client.roles.list().withResponse()`]) {
    assert.match(await run(call), /NotFoundError[^]*\(fail\) a call/, call);
  }
});

/** Serves a worker. Its requests may go to this machine. */
async function worker(t: TestContext, code: string): Promise<string> {
  const dir = await folder(t);
  await bundle(code, join(dir, 'worker.js'));
  const config = `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = .main), (name = "internet", network = (allow = ["local", "private"]))],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const main :Workerd.Worker = (modules = [(name = "worker.js", esModule = embed "worker.js")], compatibilityDate = "2026-01-01");`;
  await writeFile(join(dir, 'config.capnp'), config);
  const child = spawn(await binary('workerd'), ['serve', '--control-fd=1', join(dir, 'config.capnp')], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  const ended = once(child, 'exit').then(([status]) => assert.fail(`workerd ended with ${status}`));
  const [line] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
  return `http://127.0.0.1:${(JSON.parse(String(line)) as { port: number }).port}`;
}

test('the client works in workerd', async (t) => {
  const api = await serveSeven();
  t.after(() => api.stop());
  const origin = await worker(t, `${setup(api.origin)} export default { fetch: async () => Response.json(await use()) };`);
  assert.deepEqual(await (await fetch(origin)).json(), expected);
});

// Regression: workerd took a call for fulfilled, ended the worker's request, and with it the call.
test('what a worker waits for until after its answer is written', { timeout: 30_000 }, async (t) => {
  let answered!: () => void;
  let written!: () => void;
  const answer = new Promise<void>((resolve) => (answered = resolve));
  const write = new Promise<void>((resolve) => (written = resolve));
  // The token comes when the worker has answered: the create is sent afterwards, or never.
  const api = createServer((request, response) => {
    if (request.url === '/token') return void answer.then(() => response.end('secret'));
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end('{}', written);
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  t.after(() => {
    api.closeAllConnections();
    api.close();
  });
  const origin = await worker(
    t,
    `import { CoreApiClient } from './src/index.js';
     const baseUrl = 'http://127.0.0.1:${(api.address() as AddressInfo).port}';
     export default {
       fetch(request, env, context) {
         const client = new CoreApiClient({ baseUrl, authToken: async () => (await fetch(baseUrl + '/token')).text() });
         context.waitUntil(client.roles.create({ name: 'Reader' }));
         return new Response('answered');
       },
     };`,
  );
  assert.equal(await (await fetch(origin)).text(), 'answered');
  answered();
  await write;
});
