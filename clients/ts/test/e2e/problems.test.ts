import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, type Fetch } from '../../src/index.js';
import { clientOf, unique } from './environment.js';

const admin = clientOf('admin');
const member = clientOf('member');
const nobody = '0199c0de-0000-7000-8000-00000000dead';

/** A client whose requests are changed on their way, as no caller of the SDK could. */
function tampered(change: (url: string, init: RequestInit) => [string, RequestInit]) {
  const fetch: Fetch = (url, init) => globalThis.fetch(...change(url, init));
  return clientOf('admin', { fetch, maxRetries: 0 });
}

const headers = (init: RequestInit, name: string, value: string): RequestInit => {
  const all = new Headers(init.headers);
  all.set(name, value);
  return { ...init, headers: all };
};

const ada = () => ({ email: `${unique('ada')}@example.com`, displayName: 'Ada' });

/** What provokes each problem that a caller can provoke. */
const provoked: Record<string, { name: string; call: () => PromiseLike<unknown> }> = {
  unauthenticated: { name: 'AuthenticationError', call: () => clientOf('admin', { authToken: 'nonsense' }).me.get() },
  permission_denied: { name: 'PermissionError', call: () => member.users.create(ada()) },
  not_found: { name: 'NotFoundError', call: () => admin.users.get(nobody) },
  route_not_found: { name: 'NotFoundError', call: () => tampered((url, init) => [`${url}/nothing/here`, init]).me.get() },
  method_not_allowed: { name: 'ApiError', call: () => tampered((url, init) => [url, { ...init, method: 'PUT' }]).me.get() },
  invalid_json: { name: 'BadRequestError', call: () => tampered((url, init) => [url, { ...init, body: '{' }]).users.create(ada()) },
  invalid_parameter: { name: 'BadRequestError', call: () => admin.users.get('7') },
  invalid_cursor: { name: 'BadRequestError', call: () => admin.users.list({ cursor: 'nonsense' }) },
  validation_failed: { name: 'ValidationError', call: () => admin.users.create({ ...ada(), displayName: '' }) },
  conflict: {
    name: 'ConflictError',
    call: async () => {
      const [taken] = (await admin.users.list({ limit: 1 })).data;
      return admin.users.create({ email: taken?.email ?? '', displayName: 'Eve' });
    },
  },
  reference_not_found: { name: 'ValidationError', call: () => admin.users.create({ ...ada(), managerId: nobody }) },
  still_referenced: {
    name: 'ConflictError',
    call: async () => {
      const [role] = (await admin.roles.list({ name: ['Member'] })).data;
      return admin.roles.delete(role?.id ?? '');
    },
  },
  precondition_failed: {
    name: 'PreconditionFailedError',
    call: async () => {
      const { data, etag } = await admin.users.create(ada()).withResponse();
      await admin.users.update(data.id, { displayName: 'Changed' });
      return admin.users.update(data.id, { displayName: 'Lost' }, { ifMatch: etag }).then(undefined, async (error: unknown) => {
        assert.equal((await admin.users.get(data.id)).displayName, 'Changed');
        await admin.users.delete(data.id);
        throw error;
      });
    },
  },
  idempotency_key_reused: {
    name: 'ValidationError',
    call: async () => {
      const idempotencyKey = crypto.randomUUID();
      const { id } = await admin.roles.create({ name: unique('once') }, { idempotencyKey });
      await admin.roles.delete(id);
      return admin.roles.create({ name: unique('twice') }, { idempotencyKey });
    },
  },
  last_administrator: {
    name: 'ConflictError',
    call: async () => {
      const [role] = (await admin.roles.list({ name: ['Administrator'] })).data;
      const [grant] = (await admin.userRoles.list({ roleId: [role?.id ?? ''] })).data;
      return admin.userRoles.delete(grant?.id ?? '');
    },
  },
  unsupported_media_type: { name: 'ApiError', call: () => tampered((url, init) => [url, headers(init, 'content-type', 'text/csv')]).users.create(ada()) },
  payload_too_large: { name: 'ApiError', call: () => admin.users.create({ ...ada(), displayName: 'x'.repeat(8_000_000) }, { maxRetries: 0 }) },
};

for (const [code, { name, call }] of Object.entries(provoked)) {
  test(`the API's ${code} is ${name}`, async () => {
    await assert.rejects(async () => call(), (error) => {
      assert.ok(error instanceof ApiError, String(error));
      assert.deepEqual([error.code, error.name], [code, name], error.message);
      assert.match(error.requestId ?? '', /^[0-9a-f-]{36}$/);
      assert.equal(error.problem.type?.endsWith(`#${code}`), true, error.problem.type);
      return true;
    });
  });
}

test('a version the caller has is not sent again', async () => {
  const me = await admin.me.get();
  const { etag } = await admin.users.get(me.userId ?? '').withResponse();
  assert.ok(etag);
  await assert.rejects(async () => admin.users.get(me.userId ?? '', { ifNoneMatch: etag }), { name: 'NotModifiedError', status: 304 });
});

test('a create that is sent twice happens once', async () => {
  const idempotencyKey = crypto.randomUUID();
  const name = unique('once');
  const [first, second] = [await admin.roles.create({ name }, { idempotencyKey }), await admin.roles.create({ name }, { idempotencyKey })];
  assert.equal(first.id, second.id);
  await admin.roles.delete(first.id);
});

test('calls that are refused together renew the token once', async () => {
  const asked: (string | undefined)[] = [];
  const { tokens } = await import('./environment.js');
  const client = clientOf('admin', {
    authToken: async (refused) => {
      asked.push(refused);
      return refused ? tokens.admin : 'stale';
    },
  });
  const answers = await Promise.all(Array.from({ length: 25 }, () => client.me.get()));
  assert.equal(new Set(answers.map(({ userId }) => userId)).size, 1);
  assert.equal(asked.filter((refused) => refused === 'stale').length, 1, 'the token was renewed more than once');
});
