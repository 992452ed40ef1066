import 'server-only';
import { PermissionError, type Role } from '@lockstep/core-sdk';
import { cached, tag } from '@lockstep/core-sdk/next';
import { cache } from 'react';
import { api } from './api';
import { load } from './load';

/** Seconds for which the roles are kept: they change rarely, and pages need them for their forms. */
const KEPT = 60;

/** The roles of the caller's tenant, by name; none for those who may not read them. */
export const allRoles = cache(async (): Promise<Role[]> => {
  const { roles } = await api();
  const call = roles.list({ limit: 200, sort: ['name'] }, cached(KEPT, tag('roles')));
  return load(call.then(({ data }) => data, orNone));
});

function orNone(error: unknown): never[] {
  if (error instanceof PermissionError) return [];
  throw error;
}
