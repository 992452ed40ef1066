// Starts Next.js for development against the API that "make dev" runs, as its first token's user: npm run dev -w web.
// LOCKSTEP_API_URL and LOCKSTEP_API_TOKEN, where set, win over .lockstep/dev.json.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

const env = { NEXT_TELEMETRY_DISABLED: '1', ...process.env };
if (!env.LOCKSTEP_API_URL || !env.LOCKSTEP_API_TOKEN) {
  const file = new URL('../../.lockstep/dev.json', import.meta.url);
  const dev = JSON.parse(
    await readFile(file, 'utf8').catch(() => {
      console.error('.lockstep/dev.json is missing: run "make dev" first, or set LOCKSTEP_API_URL and LOCKSTEP_API_TOKEN');
      process.exit(1);
    }),
  );
  env.LOCKSTEP_API_URL ??= dev.api;
  env.LOCKSTEP_API_TOKEN ??= dev.tokens[0].token;
}
const next = spawn('next', ['dev', ...process.argv.slice(2)], { env, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => next.kill(signal));
next.on('exit', (code) => process.exit(code ?? 1));
