'use server';

import { revalidatePath } from 'next/cache';
import { api } from '@/lib/api';
import { refused, type FormState } from '@/lib/form';

/** Saves the display name in form. What the API does not accept comes back as text beside the field. */
export async function updateDisplayName(id: string, _: FormState, form: FormData): Promise<FormState> {
  const { users } = await api();
  try {
    await users.update(id, { displayName: String(form.get('displayName') ?? '') });
  } catch (error) {
    return refused(error, ['displayName']);
  }
  revalidatePath('/users', 'layout');
  return { saved: true, fields: {} };
}
