import type { User, UserUpdate } from '@lockstep/core-sdk';

/** What the form edits, as text. The address is absent for those who may not see it; no manager is ''. */
export interface Values {
  displayName: string;
  email?: string;
  status: string;
  managerId: string;
}

export type Field = keyof Values;

export const LABELS: Readonly<Record<Field, string>> = {
  displayName: 'Display name',
  email: 'E-mail',
  status: 'Status',
  managerId: 'Manager',
};

export const FIELDS = Object.keys(LABELS) as Field[];

export function valuesOf({ displayName, email, status, managerId }: User): Values {
  return { displayName, ...(email !== null && { email }), status, managerId: managerId ?? '' };
}

/** The patch that makes mine out of base: what was not edited is not sent. */
export function patchOf(base: Values, mine: Values): UserUpdate {
  const edited = (field: Field): boolean => mine[field] !== base[field];
  return {
    ...(edited('displayName') && { displayName: mine.displayName }),
    ...(edited('email') && mine.email !== undefined && { email: mine.email }),
    ...(edited('status') && { status: mine.status as 'active' | 'inactive' }),
    ...(edited('managerId') && { managerId: mine.managerId || null }),
  };
}

/** One field that somebody else has changed in the meantime. */
export interface Change {
  field: Field;
  was: string;
  theirs: string;
  /** Set if the field was edited here as well, to something else: one of the two has to be chosen. */
  mine?: string;
}

/** What somebody else has changed since base, beside what was edited here. */
export function changesOf(base: Values, theirs: Values, mine: Values): Change[] {
  return FIELDS.filter((field) => theirs[field] !== base[field]).map((field) => {
    const both = mine[field] !== base[field] && mine[field] !== theirs[field];
    return { field, was: base[field] ?? '', theirs: theirs[field] ?? '', ...(both && { mine: mine[field] ?? '' }) };
  });
}
