// Runs the end-to-end suites of SDK and app against the real stack: node run.mjs [--no-build] [sdk] [browser].
// Starts `lockstep dev` in a folder of its own, waits until it is ready, runs the suites one after the other, and stops it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const root = new URL('../../', import.meta.url).pathname;
const args = process.argv.slice(2);
const suites = ['sdk', 'browser'].filter((name) => args.includes(name) || !args.some((arg) => !arg.startsWith('--')));

const work = await mkdtemp(join(tmpdir(), 'lockstep-e2e-'));
const log = await open(join(work, 'dev.log'), 'w');
let dev;
let started = false;
try {
  if (suites.includes('browser') && !args.includes('--no-build')) await run('npm', ['run', 'build', '-w', 'web'], { ...process.env, LOCKSTEP_WEB_E2E: '1' });
  await run('go', ['build', '-o', join(work, 'lockstep'), './cmd/lockstep']);
  const port = await freePort();
  dev = spawn(join(work, 'lockstep'), ['dev', '--dir', join(work, 'data')], {
    cwd: root,
    stdio: ['ignore', log.fd, log.fd],
    // Where the issuer sends people back to; the browser suite serves the app there.
    env: { ...process.env, LOCKSTEP_WEB_PORT: String(port) },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => dev.kill('SIGINT'));
  const env = { ...process.env, ...settings(await ready(dev), port), ...(await another()) };
  started = true;
  if (suites.includes('sdk')) await run('npm', ['run', 'test:e2e', '-w', 'clients/ts'], env);
  if (suites.includes('browser')) await run('npm', ['run', 'test:browser', '-w', 'web'], env);
} catch (error) {
  console.error(error.message);
  const lines = (await readFile(join(work, 'dev.log'), 'utf8')).split('\n');
  // Once the stack is up, only the server's own lines tell something, and not the tokens between them.
  console.error((started ? lines.filter((line) => line.startsWith('{')) : lines).slice(-15).join('\n'));
  process.exitCode = 1;
} finally {
  if (dev?.exitCode === null && dev.signalCode === null) {
    dev.kill('SIGINT');
    await once(dev, 'exit');
  }
  await log.close();
  await rm(work, { recursive: true, force: true });
}

/** A port nobody listens on, as of now. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits for dev.json, which `lockstep dev` writes last. */
async function ready(child) {
  const file = join(work, 'data', 'dev.json');
  for (const deadline = Date.now() + 300_000; Date.now() < deadline; await pause(100)) {
    if (child.exitCode !== null) throw new Error(`lockstep dev ended with ${child.exitCode}`);
    const found = await stat(file).catch(() => undefined);
    if (found?.size) return JSON.parse(await readFile(file, 'utf8'));
  }
  throw new Error('lockstep dev was not ready after five minutes');
}

/** The suites' environment. The first token is an administrator's. */
function settings({ api, databaseUrl, issuer, platformToken, sessionSecret, tokens }, port) {
  const [admin] = tokens;
  const member = tokens.find(({ tenant, userId }) => tenant === admin.tenant && userId !== admin.userId);
  const other = tokens.find(({ tenant }) => tenant !== admin.tenant);
  return {
    LOCKSTEP_E2E_API: api,
    LOCKSTEP_E2E_DATABASE_URL: databaseUrl,
    LOCKSTEP_E2E_ADMIN_TOKEN: admin.token,
    LOCKSTEP_E2E_MEMBER_TOKEN: member.token,
    LOCKSTEP_E2E_OTHER_TOKEN: other.token,
    LOCKSTEP_E2E_PLATFORM_TOKEN: platformToken,
    LOCKSTEP_E2E_ISSUER: issuer,
    LOCKSTEP_E2E_SESSION_SECRET: sessionSecret,
    LOCKSTEP_E2E_WEB_PORT: String(port),
  };
}

/** What it takes to run another server on the same database, which a suite may kill. */
async function another() {
  const { app } = JSON.parse(await readFile(join(work, 'data', 'postgres', 'credentials.json'), 'utf8'));
  const { databaseUrl } = JSON.parse(await readFile(join(work, 'data', 'dev.json'), 'utf8'));
  const url = new URL(databaseUrl);
  [url.username, url.password] = ['core_app', app];
  return { LOCKSTEP_E2E_SERVER: join(work, 'data', 'bin', 'server'), LOCKSTEP_E2E_APP_DATABASE_URL: url.href };
}

/** Runs a command to its end; fails if it does. */
async function run(command, argv, env = process.env) {
  const child = spawn(command, argv, { cwd: root, env, stdio: 'inherit' });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command} ${argv.join(' ')} ended with ${code ?? signal}`);
}
