import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import * as sdk from '../../src/index.js';
import { always } from '../server.js';

const classes = {
  400: sdk.BadRequestError,
  401: sdk.AuthenticationError,
  403: sdk.PermissionError,
  404: sdk.NotFoundError,
  409: sdk.ConflictError,
  410: sdk.ApiError,
  412: sdk.PreconditionFailedError,
  422: sdk.ValidationError,
  429: sdk.RateLimitError,
  500: sdk.ServerError,
  503: sdk.ServerError,
  599: sdk.ServerError,
};

for (const [status, expected] of Object.entries(classes)) {
  test(`status ${status} is a ${expected.name}`, async (t) => {
    const server = await always(t, { status: Number(status), json: { code: 'some_code' } });
    await assert.rejects(server.client({ maxRetries: 0 }).users.get('018f'), (error) => {
      assert.ok(error instanceof expected);
      assert.ok(error instanceof sdk.ApiError);
      assert.ok(error instanceof Error);
      assert.equal(error.constructor, expected);
      assert.equal(error.name, expected.name);
      assert.equal(error.status, Number(status));
      assert.equal(error.code, 'some_code');
      return true;
    });
  });
}

test('a problem tells what is wrong with which field', async (t) => {
  const server = await always(t, {
    status: 422,
    headers: { 'x-request-id': 'of the header' },
    json: {
      type: 'about:blank',
      title: 'Validation failed',
      status: 422,
      detail: 'One field is not accepted.',
      code: 'validation_failed',
      requestId: 'req-1',
      errors: [{ pointer: '/displayName', code: 'too_long', detail: 'must have at most 255 characters' }],
      later: 'fields that this version does not know are kept',
    },
  });
  const call = server.client().users.update('018f', { displayName: 'x'.repeat(256) });
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof sdk.ValidationError);
    assert.equal(error.message, 'PATCH /v1/users/018f: 422 validation_failed: One field is not accepted.');
    assert.equal(error.code, 'validation_failed');
    assert.equal(error.requestId, 'req-1');
    assert.deepEqual(error.errors, [
      { pointer: '/displayName', code: 'too_long', detail: 'must have at most 255 characters' },
    ]);
    assert.equal((error.problem as { later?: string }).later, 'fields that this version does not know are kept');
    return true;
  });
});

for (const [what, text] of Object.entries({ 'a page': '<h1>Bad Gateway</h1>', 'a string': '"no"', nothing: '', null: 'null' })) {
  test(`an error that answers with ${what} is an error all the same`, async (t) => {
    const server = await always(t, { status: 502, text, headers: { 'x-request-id': 'req-2' } });
    await assert.rejects(server.client({ maxRetries: 0 }).users.get('018f'), (error) => {
      assert.ok(error instanceof sdk.ServerError);
      assert.equal(error.message, 'GET /v1/users/018f: 502: Bad Gateway');
      assert.equal(error.code, undefined);
      assert.equal(error.requestId, 'req-2');
      assert.deepEqual(error.errors, []);
      return true;
    });
  });
}

test('nobody listening is a ConnectionError that says why', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const client = new sdk.CoreApiClient({ baseUrl: `http://127.0.0.1:${port}`, authToken: 'secret', maxRetries: 0 });
  await assert.rejects(client.users.get('018f'), (error) => {
    assert.ok(error instanceof sdk.ConnectionError);
    assert.ok(!(error instanceof sdk.TimeoutError));
    assert.equal(error.name, 'ConnectionError');
    assert.equal(error.status, undefined);
    assert.match(error.message, /ECONNREFUSED/);
    assert.ok(error.cause instanceof Error);
    return true;
  });
});

test('an answer cut short is a ConnectionError', async (t) => {
  const server = await always(t, (response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"data":');
    response.destroy();
  });
  await assert.rejects(server.client({ maxRetries: 0 }).users.get('018f'), sdk.ConnectionError);
});

test('parseDate', () => {
  assert.equal(sdk.parseDate('2026-01-02T03:04:05.678901Z').getTime(), Date.UTC(2026, 0, 2, 3, 4, 5, 678));
  assert.equal(sdk.parseDate(null), null);
  assert.throws(() => sdk.parseDate('yesterday'), RangeError);
});
