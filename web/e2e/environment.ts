import assert from 'node:assert/strict';

/** A setting these tests cannot do without: one that is missing fails them. */
export function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: these tests need a running API; "npm run e2e -w web" starts one`);
  return value;
}
