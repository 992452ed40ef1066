import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ValidationError, type CoreApiClient } from '../../src/index.js';
import { always, user } from '../server.js';

const row = { ...user, createdAt: '2026-01-01T00:00:00Z', roles: [{ id: '7', permissions: ['users:read'] }], managedUsers: [] };
const page = { data: [row], nextCursor: 'c2', totalCount: 7 };

// What is no data loses its class, its methods or itself where it crosses: to a client component, a worker, a cache.
for (const [name, json, call] of [
  ['a page', page, ({ users }: CoreApiClient) => users.list()],
  ['a page of a loop', page, async ({ users }: CoreApiClient) => (await users.list().pages().next()).value],
  ['the data of a whole answer', page, async ({ users }: CoreApiClient) => (await users.list().withResponse()).data],
  ['an expanded row', row, ({ users }: CoreApiClient) => users.get('018f', { expand: ['managedUsers.roles'] })],
  ['a created row', row, ({ users }: CoreApiClient) => users.create({ email: 'ada@example.com', displayName: 'Ada' })],
  ['reports', { data: [{ depth: 1, user: row }] }, ({ users }: CoreApiClient) => users.reports('018f')],
  ['the caller', { userId: null, permissions: ['*'] }, ({ me }: CoreApiClient) => me.get()],
] as const) {
  test(`${name} is plain data`, async (t) => {
    const server = await always(t, { json });
    const got: unknown = await call(server.client());
    assert.deepEqual(got, json);
    assert.deepEqual(structuredClone(got), json);
    assert.deepEqual(JSON.parse(JSON.stringify(got)), json);
    assertPlain(got);
  });
}

/** Fails if anything in value is neither a plain object, nor an array, nor a JSON scalar. */
function assertPlain(value: unknown): void {
  if (typeof value !== 'object' || value === null) return assert.match(typeof value, /^(string|number|boolean|object)$/);
  assert.ok([Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value) as object), `${String(value)} has a class`);
  assert.deepEqual(Object.getOwnPropertySymbols(value), []);
  for (const each of Object.values(value)) assertPlain(each);
}

test('an error crosses with its message, and its problem is plain data', async (t) => {
  const problem = { code: 'validation_failed', detail: 'no', errors: [{ pointer: '/email', code: 'pattern', detail: 'no' }] };
  const server = await always(t, { status: 422, json: problem });
  const error: unknown = await server.client().users.get('018f').catch((reason: unknown) => reason);
  assert.ok(error instanceof ValidationError);
  assert.equal(structuredClone(error).message, error.message);
  assert.deepEqual(structuredClone(error.problem), problem);
  assert.deepEqual((JSON.parse(JSON.stringify(error)) as { problem: unknown }).problem, problem);
  assertPlain(error.problem);
});
