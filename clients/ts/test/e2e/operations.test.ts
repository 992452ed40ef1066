import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { ClientOptions } from '../../src/index.js';
import { validate } from '../../src/validation.js';
import { clientOf, unique } from './environment.js';

test('every operation of the contract, through the SDK, answers what the contract says', async () => {
  const answered = new Map<string, number>();
  const options: Partial<ClientOptions> = {
    validate,
    onResponse: ({ request: { operation }, status }) => void answered.set(operation, status),
  };
  const { me, roles, userRoles, users } = clientOf('admin', options);
  const { tenants } = clientOf('platform', options);

  const { userId, permissions } = await me.get();
  assert.ok(userId && permissions.length > 0);

  const { data: role, etag } = await roles.create({ name: unique('auditor'), permissions: ['users:read'] }).withResponse();
  assert.ok(etag);
  assert.equal((await roles.update(role.id, { description: 'Reads' }, { ifMatch: etag })).version, 2);
  assert.equal((await roles.get(role.id)).description, 'Reads');
  assert.deepEqual((await roles.list({ name: [role.name], expand: ['users'] })).data.map(({ id, users }) => [id, users]), [[role.id, []]]);

  const manager = await users.create({ email: `${unique('manager')}@example.com`, displayName: 'Manager' });
  const user = await users.create({ email: `${unique('user')}@example.com`, displayName: 'User', managerId: manager.id });
  const grant = await userRoles.create({ userId: user.id, roleId: role.id });
  assert.deepEqual((await userRoles.get(grant.id, { expand: ['role'] })).role?.name, role.name);
  assert.equal((await users.get(user.id, { expand: ['manager'] })).manager?.id, manager.id);
  assert.deepEqual((await userRoles.list({ userId: [user.id] })).data, [grant]);
  assert.equal((await users.update(user.id, { displayName: 'Renamed' })).displayName, 'Renamed');
  assert.deepEqual((await users.get(user.id)).roles.map(({ id }) => id), [role.id]);
  assert.deepEqual((await users.list({ managerId: [manager.id], expand: ['roles'] })).data.map(({ roles }) => roles.length), [1]);
  const reports = await users.reports(manager.id, { depth: 1 });
  assert.deepEqual(reports.data.map(({ user: { id }, depth }) => [id, depth]), [[user.id, 1]]);
  assert.equal((await users.deactivate(user.id)).status, 'inactive');
  assert.equal((await users.deactivate(user.id)).status, 'inactive', 'twice changes nothing');
  await userRoles.delete(grant.id);
  await users.delete(user.id);
  await users.delete(manager.id);
  await roles.delete(role.id);

  const { tenant } = await tenants.create({ name: 'Hooli', slug: unique('hooli'), administrator: { email: 'gavin@hooli.example', displayName: 'Gavin' } });
  assert.equal((await tenants.get(tenant.id)).slug, tenant.slug);
  assert.equal((await tenants.update(tenant.id, { name: 'Hooli XYZ' })).name, 'Hooli XYZ');
  assert.equal((await tenants.list({ limit: 1 })).data.length, 1);
  assert.equal((await tenants.delete(tenant.id)).complete, true);

  const contract = JSON.parse(await readFile(new URL('../../../../../openapi/openapi.json', import.meta.url), 'utf8')) as {
    paths: Record<string, Record<string, { operationId?: string }>>;
  };
  const known = new Set([...answered.keys()].map((operation) => operation.split('.')[0]));
  const operations = Object.values(contract.paths)
    .flatMap((item) => Object.values(item).flatMap(({ operationId }) => operationId ?? []))
    // An entity added to the template is tested where its team tests it.
    .filter((operation) => known.has(operation.split('.')[0]));
  assert.deepEqual([...answered.keys()].sort(), operations.sort());
  assert.ok(operations.length >= 22, `got ${operations.length} operations`);
  for (const [operation, status] of answered) assert.ok(status < 300, `${operation} answered ${status}`);
});
