import { readFileSync } from 'node:fs';

/**
 * A setting the app cannot do without: the variable, or the content of the file that NAME_FILE names.
 *
 * @throws Error if it is not set.
 */
export function setting(name: string): string {
  const value = optionalSetting(name);
  if (!value) throw new Error(`${name} is not set: run "make web", or "npm run dev -w web" beside "make dev", or set it`);
  return value;
}

/** A setting that may be absent. */
export function optionalSetting(name: string): string | undefined {
  const file = process.env[`${name}_FILE`];
  return process.env[name] || (file ? readFileSync(file, 'utf8').trim() : undefined);
}

/** Where people reach this app, such as `https://people.example.com`. */
export const origin = (): string => new URL(setting('LOCKSTEP_WEB_URL')).origin;
