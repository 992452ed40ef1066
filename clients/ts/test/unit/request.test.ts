import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, CoreApiClient } from '../../src/index.js';
import { path, queryString } from '../../src/core/url.js';
import { always, inTurn, user } from '../server.js';

test('get', async (t) => {
  const server = await always(t, { json: user });
  assert.deepEqual(await server.client().users.get('018f'), user);
  const [request] = server.seen;
  assert.equal(`${request?.method} ${request?.url}`, 'GET /v1/users/018f');
  assert.equal(request?.headers.authorization, 'Bearer secret');
  assert.equal(request?.headers.accept, 'application/json');
  assert.equal(request?.headers['content-type'], undefined);
});

test('create sends JSON', async (t) => {
  const server = await always(t, { status: 201, json: user });
  await server.client().users.create({ email: 'ada@example.com', displayName: 'Ada' });
  const [request] = server.seen;
  assert.equal(`${request?.method} ${request?.url}`, 'POST /v1/users');
  assert.equal(request?.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(request?.body ?? ''), { email: 'ada@example.com', displayName: 'Ada' });
});

test('update sends null, and not what is undefined', async (t) => {
  const server = await always(t, { json: user });
  await server.client().users.update('018f', { managerId: null });
  const [request] = server.seen;
  assert.equal(`${request?.method} ${request?.url}`, 'PATCH /v1/users/018f');
  assert.equal(request?.body, '{"managerId":null}');
});

test('delete answers nothing', async (t) => {
  const server = await always(t, { status: 204 });
  assert.equal(await server.client().userRoles.delete('018f'), undefined);
  assert.equal(`${server.seen[0]?.method} ${server.seen[0]?.url}`, 'DELETE /v1/user-roles/018f');
});

test('baseUrl may have a path and a slash at its end', async (t) => {
  const server = await always(t, { json: user });
  await new CoreApiClient({ baseUrl: `${server.baseUrl}/core//`, authToken: 'secret' }).users.get('018f');
  assert.equal(server.seen[0]?.url, '/core/v1/users/018f');
});

for (const baseUrl of ['', '/v1', 'api.example.com', 'ftp://example.com', 'https://', 'https://example.com?a=b']) {
  test(`baseUrl ${JSON.stringify(baseUrl)} is refused`, () => {
    assert.throws(() => new CoreApiClient({ baseUrl, authToken: 'secret' }), /pass a URL such as/);
  });
}

for (const id of ['', '.', '..']) {
  test(`id ${JSON.stringify(id)} is refused: its URL would be another resource's`, async (t) => {
    const server = await always(t, { status: 204 });
    assert.throws(() => server.client().users.delete(id), /pass the id of a resource/);
    assert.equal(server.seen.length, 0);
  });
}

test('path encodes what it is given', () => {
  assert.equal(path`/v1/users/${'a/b?c#d e'}/lines/${7}`, '/v1/users/a%2Fb%3Fc%23d%20e/lines/7');
});

test('queryString', () => {
  const params = {
    limit: 10,
    active: false,
    q: 'a&b',
    cursor: undefined,
    manager: null,
    status: ['active', 'inactive'],
    none: [],
    expand: ['roles', 'managedUsers'],
    nothing: [],
    createdAt: { gte: '2026-01-01T00:00:00Z', lt: undefined, in: ['x', 'y'] },
  };
  assert.deepEqual(
    [...new URLSearchParams(queryString(params, ['expand', 'nothing']))],
    [
      ['limit', '10'],
      ['active', 'false'],
      ['q', 'a&b'],
      ['status', 'active'],
      ['status', 'inactive'],
      ['expand', 'roles,managedUsers'],
      ['createdAt[gte]', '2026-01-01T00:00:00Z'],
      ['createdAt[in]', 'x'],
      ['createdAt[in]', 'y'],
    ],
  );
  assert.equal(queryString({ cursor: undefined }), '');
  assert.equal(queryString(), '');
});

test('headers of the call win over those of the client', async (t) => {
  const server = await always(t, { json: user });
  const client = server.client({ defaultHeaders: { 'x-app': 'web', 'X-Tier': 'gold' } });
  await client.users.get('018f', { headers: { 'X-App': 'batch' } });
  assert.equal(server.seen[0]?.headers['x-app'], 'batch');
  assert.equal(server.seen[0]?.headers['x-tier'], 'gold');
});

test('hooks see each attempt and its answer', async (t) => {
  const server = await inTurn(t, { status: 503, headers: { 'retry-after': '0' } }, { json: user });
  const seen: string[] = [];
  const client = server.client({
    onRequest: async ({ method, url, headers, attempt }) => {
      headers.set('traceparent', `trace-${attempt}`);
      seen.push(`${method} ${new URL(url).pathname} ${attempt}`);
    },
    onResponse: ({ status, request, duration }) => {
      assert.ok(duration >= 0);
      seen.push(`${request.attempt}: ${status}`);
    },
  });
  await client.users.get('018f');
  assert.deepEqual(seen, ['GET /v1/users/018f 0', '0: 503', 'GET /v1/users/018f 1', '1: 200']);
  assert.deepEqual(server.seen.map((request) => request.headers['traceparent']), ['trace-0', 'trace-1']);
});

test('what a hook sets is sent with that attempt only', async (t) => {
  const server = await inTurn(t, { status: 503, headers: { 'retry-after': '0' } }, { json: user });
  const client = server.client({
    onRequest: ({ headers, attempt }) => {
      if (attempt === 0) headers.set('x-first', 'yes');
    },
  });
  await client.users.get('018f');
  assert.deepEqual(server.seen.map((request) => request.headers['x-first']), ['yes', undefined]);
});

test('a hook that fails ends the call with its own error', async (t) => {
  const server = await always(t, { json: user });
  const failure = new Error('no trace');
  const onRequest = () => {
    throw failure;
  };
  await assert.rejects(server.client({ onRequest }).users.get('018f'), failure);
  assert.equal(server.seen.length, 0);
});

test('the global fetch is looked up at each request', async (t) => {
  const server = await always(t, { json: user });
  const client = server.client();
  const replaced = t.mock.method(globalThis, 'fetch');
  await client.users.get('018f');
  assert.equal(replaced.mock.callCount(), 1);
});

test('fetch and its options can be given; without timeout and signal it gets no signal', async (t) => {
  const server = await always(t, { json: user });
  const seen: RequestInit[] = [];
  const client = server.client({
    timeout: 0,
    fetch: (url, init) => {
      seen.push(init);
      return fetch(url, init);
    },
  });
  await client.users.get('018f', { fetchOptions: { cache: 'no-store' } });
  assert.equal(seen[0]?.cache, 'no-store');
  assert.equal('signal' in (seen[0] ?? {}), false);
});

test('a success that is not JSON is an error', async (t) => {
  const server = await always(t, { text: '<html>' });
  await assert.rejects(server.client().users.get('018f'), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.message, 'GET /v1/users/018f: 200, but the body is not JSON');
    return true;
  });
  assert.equal(server.seen.length, 1);
});

test('neither the token nor the options show when a client is printed', async (t) => {
  const { inspect } = await import('node:util');
  const server = await always(t, { json: user });
  assert.doesNotMatch(inspect(server.client(), { depth: 10, showHidden: true }), /secret/);
});
