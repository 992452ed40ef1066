import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { variable } from './environment.js';

const home = new URL('../', import.meta.url).pathname;

/** The built app, served by `next start`. */
export interface App {
  origin: string;
  /** What it has written so far: why a page failed stands nowhere else. */
  output(): string;
  stop(): Promise<void>;
}

/** Serves the built app against an API, by default where the issuer sends people back to. Resolves when it accepts requests. */
export async function startApp(apiUrl: string, port = Number(variable('LOCKSTEP_E2E_WEB_PORT'))): Promise<App> {
  assert.ok(existsSync(`${home}.next/BUILD_ID`), 'the app is not built: run "npm run build -w web"');
  const next = new URL('../bin/next', import.meta.resolve('next')).pathname;
  const origin = `http://127.0.0.1:${port}`;
  const server = spawn('node', [next, 'start', '-H', '127.0.0.1', '-p', String(port)], {
    cwd: home,
    env: {
      ...process.env,
      NEXT_TELEMETRY_DISABLED: '1',
      LOCKSTEP_API_URL: apiUrl,
      LOCKSTEP_WEB_URL: origin,
      LOCKSTEP_WEB_SESSION_SECRET: variable('LOCKSTEP_E2E_SESSION_SECRET'),
      LOCKSTEP_OIDC_ISSUER: variable('LOCKSTEP_E2E_ISSUER'),
      LOCKSTEP_OIDC_CLIENT_ID: 'lockstep-web',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(server, 'exit');
  let output = '';
  const ready = new Promise<void>((resolve) => {
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('Ready in')) resolve();
      });
    }
  });
  const ended = exited.then(([code]) => Promise.reject(new Error(`next start ended with ${code}:\n${output}`)));
  ended.catch(() => undefined);
  await Promise.race([ready, ended]);
  return {
    origin,
    output: () => output,
    stop: async () => {
      server.kill();
      await exited;
    },
  };
}

/** A port nobody listens on, as of now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
