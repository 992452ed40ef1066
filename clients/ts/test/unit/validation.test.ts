import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../src/index.js';
import { answers, validate } from '../../src/validation.js';
import { always, serve } from '../server.js';

const id = '0199c0de-0000-7000-8000-000000000001';
const role = {
  id,
  tenantId: id,
  name: 'Auditor',
  description: null,
  permissions: ['users:read'],
  version: 1,
  createdAt: '2026-01-02T03:04:05.678901Z',
  updatedAt: '2026-01-02T03:04:05Z',
};

test('an answer as the contract has it passes, and one of a newer API', async (t) => {
  const tenant = { id, name: 'A', slug: 'a', status: 'hibernating', deletingSince: null, colour: 'red', version: 1, createdAt: role.createdAt, updatedAt: role.updatedAt };
  const server = await serve(t, ({ url }) => ({ json: url.startsWith('/v1/roles') ? role : tenant }));
  const client = server.client({ validate });
  assert.deepEqual(await client.roles.get(id), role);
  // A status and a field this client does not know.
  assert.deepEqual(await client.tenants.get(id), tenant);
});

for (const [what, change] of [
  ['version', { version: '1' }],
  ['createdAt', { createdAt: 'yesterday' }],
  ['permissions.0', { permissions: [null] }],
  ['name', { name: null }],
] as const) {
  test(`an answer with a wrong ${what} is an error that names it`, async (t) => {
    const server = await always(t, { json: { ...role, ...change } });
    await assert.rejects(server.client({ validate }).roles.get(id), (error) => {
      assert.ok(error instanceof ApiError);
      assert.match(error.message, /GET \/v1\/roles\/.*: 200, but the body is not what the contract says/);
      assert.match(String((error.cause as Error).message), new RegExp(`^${what}: `));
      return true;
    });
    assert.equal(server.seen.length, 1, 'it would not get better');
    assert.equal((await server.client().roles.get(id)).id, id, 'without validation it passes');
  });
}

test('lists are looked at as well', async (t) => {
  const server = await always(t, { json: { data: [{ ...role, id: 7 }], nextCursor: null } });
  await assert.rejects(server.client({ validate }).roles.list().then(() => undefined), (error: ApiError) => /data\.0\.id/.test(String((error.cause as Error).message)));
});

test('every operation that answers with something has a schema', () => {
  for (const operation of ['users.list', 'users.get', 'users.create', 'users.update', 'roles.list', 'userRoles.create', 'tenants.create']) {
    assert.ok(answers[operation], operation);
  }
  assert.equal(answers['users.delete'], undefined);
});
