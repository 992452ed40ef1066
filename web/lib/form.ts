import { ApiError } from '@lockstep/core-sdk';

/** What became of a form that was sent. Travels to the browser: it holds nothing but what is shown. */
export interface FormState {
  saved: boolean;
  /** About the form as a whole. */
  message?: string;
  /** About single fields, by their name in the API's body. */
  fields: Record<string, string>;
}

export const untouched: FormState = { saved: false, fields: {} };

/**
 * What to show when the API refused a form: a problem's errors beside the fields their pointers name, anything else above the
 * form. Errors that are not the API's are thrown on.
 */
export function refused(error: unknown, names: readonly string[]): FormState {
  if (!(error instanceof ApiError)) throw error;
  const fields: Record<string, string> = {};
  const others: string[] = [];
  for (const { pointer, pointers, detail } of error.errors) {
    const places = (pointers ?? [pointer ?? '']).map((place) => place.replace(/^\//, ''));
    const here = places.filter((name) => names.includes(name));
    for (const name of here) fields[name] = detail;
    if (here.length === 0) others.push(detail);
  }
  if (Object.keys(fields).length > 0 && others.length === 0) return { saved: false, fields };
  return { saved: false, fields, message: others.join(' ') || whole(error) };
}

function whole(error: ApiError): string {
  const text = error.status === undefined ? 'The API cannot be reached.' : (error.problem.detail ?? error.problem.title);
  // What the API refuses it explains; what fails, somebody has to look up.
  const reference = error.requestId && (error.status ?? 500) >= 500 ? ` (request ${error.requestId})` : '';
  return `${text ?? 'The change could not be saved.'}${reference}`;
}
