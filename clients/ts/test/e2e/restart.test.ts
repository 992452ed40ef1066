import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import pg from 'pg';
import { clientOf, tokens, variable } from './environment.js';

const ROWS = 10_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A server of the same database that a test may kill. */
class Victim {
  #process: ChildProcess | undefined;
  readonly #ports: Promise<number[]> = Promise.all([freePort(), freePort()]);

  async url(): Promise<string> {
    return `http://127.0.0.1:${(await this.#ports)[0]}`;
  }

  async start(): Promise<void> {
    const [port, adminPort] = await this.#ports;
    this.#process = spawn(variable('LOCKSTEP_E2E_SERVER'), ['serve'], {
      env: {
        LOCKSTEP_DATABASE_URL: variable('LOCKSTEP_E2E_APP_DATABASE_URL'),
        LOCKSTEP_ADDR: `127.0.0.1:${port}`,
        LOCKSTEP_ADMIN_ADDR: `127.0.0.1:${adminPort}`,
        LOCKSTEP_OIDC_ISSUERS: variable('LOCKSTEP_E2E_ISSUER'),
      },
      stdio: 'ignore',
    });
    const ended = once(this.#process, 'exit').then(() => assert.fail('the server has ended'));
    ended.catch(() => undefined);
    await Promise.race([ended, this.#ready()]);
  }

  async #ready(): Promise<void> {
    const url = `${await this.url()}/readyz`;
    for (;;) {
      const response = await fetch(url).catch(() => undefined);
      if (response?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** As a machine that fails does it: without a word to those who wait for an answer. */
  async kill(): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}

test('ten thousand rows, each met once, though the server is killed in mid-iteration', async (t) => {
  const database = new pg.Client({ connectionString: variable('LOCKSTEP_E2E_DATABASE_URL') });
  await database.connect();
  const victim = new Victim();
  const mark = `restart-${crypto.randomUUID()}`;
  t.after(async () => {
    await victim.kill();
    await database.query('DELETE FROM core.users WHERE email LIKE $1', [`%@${mark}.example`]);
    await database.end();
  });
  const { tenant_id: tenant } = JSON.parse(Buffer.from(tokens.other.split('.')[1] ?? '', 'base64url').toString()) as { tenant_id: string };
  await database.query(
    `INSERT INTO core.users (tenant_id, id, email, display_name, status, version, created_at, updated_at)
     SELECT $1, gen_random_uuid(), n || '@' || $2 || '.example', 'Row ' || n, 'active', 1, now(), now() FROM generate_series(1, $3::int) AS n`,
    [tenant, mark, ROWS],
  );
  const { rows } = await database.query<{ id: string }>('SELECT id FROM core.users WHERE tenant_id = $1', [tenant]);
  await victim.start();

  let requests = 0;
  let failures = 0;
  const client = clientOf('other', {
    baseUrl: await victim.url(),
    maxRetries: 10,
    onRequest: ({ attempt }) => {
      requests++;
      if (attempt > 0) failures++;
    },
  });
  const seen: string[] = [];
  const restarts: Promise<void>[] = [];
  for await (const { id } of client.users.list({ limit: 100, sort: ['displayName'] })) {
    seen.push(id);
    // While the next page is asked for, or just before.
    if (seen.length === 2_500 || seen.length === 7_000) {
      const restart = victim.kill().then(() => victim.start());
      restarts.push(restart);
      if (seen.length === 2_500) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  await Promise.all(restarts);
  assert.equal(restarts.length, 2);
  assert.ok(failures >= 1, 'no request met the server dead: nothing was tested');
  assert.equal(new Set(seen).size, seen.length, 'a row was met twice');
  assert.deepEqual([...seen].sort(), rows.map(({ id }) => id).sort());
  t.diagnostic(`${seen.length} rows in ${requests} requests, ${failures} of them repeated`);
});
