// Starts Next.js for development against the stack that "make dev" runs: npm run dev -w web [-- --hostname H --port P].
// The issuer sends people back to 127.0.0.1:3000, or to LOCKSTEP_WEB_PORT if "make dev" was started with it.
// Settings that are in the environment win over .lockstep/dev.json.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import './sdk.mjs';

if (process.exitCode) process.exit(); // the SDK could not be packed, and has said why
const env = { NEXT_TELEMETRY_DISABLED: '1', ...process.env };
const args = process.argv.slice(2);
if (!env.LOCKSTEP_API_URL || !env.LOCKSTEP_WEB_SESSION_SECRET) {
  const file = new URL('../../.lockstep/dev.json', import.meta.url);
  const dev = JSON.parse(
    await readFile(file, 'utf8').catch(() => {
      console.error('.lockstep/dev.json is missing: run "make dev" first');
      process.exit(1);
    }),
  );
  const port = env.LOCKSTEP_WEB_PORT ?? '3000';
  env.LOCKSTEP_API_URL ??= dev.api;
  env.LOCKSTEP_OIDC_ISSUER ??= dev.issuer;
  env.LOCKSTEP_OIDC_CLIENT_ID ??= 'lockstep-web';
  env.LOCKSTEP_WEB_SESSION_SECRET ??= dev.sessionSecret;
  env.LOCKSTEP_WEB_URL ??= `http://127.0.0.1:${port}`;
  if (args.length === 0) args.push('--hostname', '127.0.0.1', '--port', port);
}
const next = spawn('next', ['dev', ...args], { env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => next.kill(signal));
next.on('exit', (code) => process.exit(code ?? 1));
