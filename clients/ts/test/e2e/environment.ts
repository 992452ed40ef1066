import assert from 'node:assert/strict';
import { CoreApiClient, type ClientOptions } from '../../src/index.js';

export function variable(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is not set: these tests need a running API; "npm run e2e -w web" starts one`);
  return value;
}

const baseUrl = variable('LOCKSTEP_E2E_API');

/** Tokens of users of the running API. */
export const tokens = {
  /** An administrator. */
  admin: variable('LOCKSTEP_E2E_ADMIN_TOKEN'),
  /** An ordinary user of the administrator's tenant. */
  member: variable('LOCKSTEP_E2E_MEMBER_TOKEN'),
  /** An administrator of another tenant. */
  other: variable('LOCKSTEP_E2E_OTHER_TOKEN'),
  /** The platform's own, which belongs to no tenant. */
  platform: variable('LOCKSTEP_E2E_PLATFORM_TOKEN'),
};

export function clientOf(caller: keyof typeof tokens, options: Partial<ClientOptions> = {}): CoreApiClient {
  return new CoreApiClient({ baseUrl, authToken: tokens[caller], ...options });
}

/** Unlike any value of an earlier run. */
export function unique(prefix: string): string {
  return `${prefix}-${crypto.randomUUID().slice(0, 13)}`;
}
