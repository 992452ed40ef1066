import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as sdk from '../../src/index.js';
import { always } from '../server.js';

const page = await readFile(new URL('../../../../../docs/problems.md', import.meta.url), 'utf8');
const documented = [...page.matchAll(/^\| (?:<a id="\w+"><\/a>)?`(\w+)` \| (\d+) \|/gm)].map(([, code = '', status]) => ({ code, status: Number(status) }));

/** The class of each status the API documents. One without a class of its own is an ApiError. */
const classes: Readonly<Record<number, keyof typeof sdk>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionError',
  404: 'NotFoundError',
  405: 'ApiError',
  408: 'ApiError',
  409: 'ConflictError',
  412: 'PreconditionFailedError',
  413: 'ApiError',
  414: 'ApiError',
  415: 'ApiError',
  422: 'ValidationError',
  429: 'RateLimitError',
  431: 'ApiError',
  500: 'ServerError',
  503: 'ServerError',
  504: 'ServerError',
};

/** The codes of the violations that a problem can have. */
const violations = [...page.matchAll(/^\| <a id="violation-\w+"><\/a>`(\w+)` \|/gm)].map(([, code = '']) => code);

for (const [type, codes] of Object.entries({ ProblemCode: documented.map(({ code }) => code), ViolationCode: violations })) {
  test(`${type} has the codes of the page`, async () => {
    const source = await readFile(new URL('../../../src/generated/problems.ts', import.meta.url), 'utf8');
    const [, , union = ''] = new RegExp(`export type (${type}) =\\n([^;]*);`).exec(source) ?? [];
    const typed = [...union.matchAll(/'(\w+)'/g)].map(([, code]) => code);
    assert.deepEqual(typed.sort(), codes.sort());
    assert.ok(codes.length > 15, `got ${codes.length} codes`);
  });
}

for (const { code, status } of documented) {
  const name = classes[status];
  test(`${code} is ${name}`, async (t) => {
    assert.ok(name, `docs/problems.md has the status ${status}: say which class it is`);
    const problem = { type: 'about:blank', title: 'T', status, detail: 'D', code, requestId: 'r1', errors: [{ pointer: '/name', code: 'c', detail: 'd' }] };
    const server = await always(t, { status, json: problem });
    await assert.rejects(server.client({ maxRetries: 0 }).users.get('018f'), (error) => {
      assert.ok(error instanceof (sdk[name] as typeof sdk.ApiError));
      assert.ok(error instanceof sdk.ApiError);
      assert.deepEqual([error.name, error.status, error.code, error.requestId, error.errors[0]?.pointer], [name, status, code, 'r1', '/name']);
      return true;
    });
  });
}
