'use server';

import { PreconditionFailedError, type CoreApiClient } from '@lockstep/core-sdk';
import { revalidatePath } from 'next/cache';
import { redirect } from 'next/navigation';
import { api } from '@/lib/api';
import { refused, type FormState } from '@/lib/form';
import { changesOf, FIELDS, patchOf, valuesOf, type Change, type Values } from './values';

/** The user as the form knows it. */
export interface Base {
  /** Names the version that was read. */
  etag: string;
  values: Values;
}

export interface EditState extends FormState {
  base: Base;
  /** What somebody else changed since the version before base. */
  changes?: Change[];
}

/**
 * Saves what form changes of the version it was made from. If there is a newer one by now, nothing is saved: the answer says what
 * has changed, and is based on the newer one.
 */
export async function saveUser(id: string, { base }: EditState, form: FormData): Promise<EditState> {
  const client = await api();
  const mine = read(form, base.values);
  try {
    await client.users.update(id, patchOf(base.values, mine), { ifMatch: base.etag });
  } catch (error) {
    if (error instanceof PreconditionFailedError) return conflict(client, id, base, mine);
    return { ...refused(error, FIELDS), base };
  }
  revalidatePath('/users', 'layout');
  redirect(`/users/${id}?saved`);
}

async function conflict({ users }: CoreApiClient, id: string, base: Base, mine: Values): Promise<EditState> {
  try {
    const { data, etag = '*' } = await users.get(id).withResponse();
    const theirs = valuesOf(data);
    return { saved: false, fields: {}, base: { etag, values: theirs }, changes: changesOf(base.values, theirs, mine) };
  } catch (error) {
    return { ...refused(error, []), base };
  }
}

/** What the form says; where it chose what somebody else wrote, that. */
function read(form: FormData, base: Values): Values {
  const mine: Values = { ...base };
  for (const field of FIELDS) {
    const value = form.get(field);
    if (typeof value === 'string' && form.get(`${field}-choice`) !== 'theirs') mine[field] = value;
  }
  return mine;
}
