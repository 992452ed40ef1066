'use server';

import { ApiError } from '@lockstep/core-sdk';
import { expire, tag } from '@lockstep/core-sdk/next';
import { revalidatePath } from 'next/cache';
import { api } from '@/lib/api';
import { refused, type FormState } from '@/lib/form';

/** Grants the role that form names. */
export async function grantRole(userId: string, _: FormState, form: FormData): Promise<FormState> {
  const { userRoles } = await api();
  try {
    await userRoles.create({ userId, roleId: String(form.get('roleId') ?? '') });
  } catch (error) {
    // The role is gone: what was offered is out of date.
    if (error instanceof ApiError && error.code === 'reference_not_found') expire(tag('roles'));
    return refused(error, ['roleId']);
  }
  revalidatePath('/users', 'layout');
  return { saved: true, fields: {} };
}

/** Takes a granted role back. */
export async function revokeRole(grantId: string, _: FormState): Promise<FormState> {
  const { userRoles } = await api();
  try {
    await userRoles.delete(grantId);
  } catch (error) {
    return refused(error, []);
  }
  revalidatePath('/users', 'layout');
  return { saved: true, fields: {} };
}
