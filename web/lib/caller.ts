import 'server-only';
import { cache } from 'react';
import { api } from './api';
import { load } from './load';

/** A user with everything a page shows; asked for once per request. */
export const getUser = cache(async (id: string) => load((await api()).users.get(id)));

/**
 * Whether the caller has a permission. Decides what pages offer, so that nobody is led to a refusal; whether something is allowed
 * the API decides.
 */
export async function may(permission: string): Promise<boolean> {
  return (await permissions()).some((held) => held === '*' || held === permission);
}

const permissions = cache(async () => (await load((await api()).me.get())).permissions);
