import type { ApiError } from './errors.js';

const FIRST_DELAY = 250;
const LONGEST_DELAY = 8_000;
/** A server that asks for more patience than this is answered with the error: the caller knows better whether to wait. */
const LONGEST_RETRY_AFTER = 60_000;

/** Statuses that say "not now" rather than "no". */
const PASSING = [408, 429, 502, 503, 504];

/** Methods that may be sent twice (RFC 9110, section 9.2.2). */
const IDEMPOTENT = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];

export function mayRepeat(method: string): boolean {
  return IDEMPOTENT.includes(method);
}

/**
 * Milliseconds to wait before the call that failed is sent again; undefined if that would not help. `attempt` counts from 0.
 * Unless the answer names a time, the wait doubles with each attempt and is shortened at random by up to half, so that
 * clients that failed together do not come back together.
 */
export function retryDelay(
  attempt: number,
  { status, headers }: Pick<ApiError, 'status' | 'headers'>,
  now: number = Date.now(),
  random: number = Math.random(),
): number | undefined {
  if (status !== undefined && !PASSING.includes(status)) return undefined;
  const asked = retryAfter(headers?.get('retry-after'), now);
  if (asked !== undefined) return asked <= LONGEST_RETRY_AFTER ? asked : undefined;
  return Math.min(FIRST_DELAY * 2 ** attempt, LONGEST_DELAY) * (1 - random / 2);
}

/** Retry-After (RFC 9110, section 10.2.3), seconds or a date, in milliseconds from now. */
function retryAfter(value: string | null | undefined, now: number): number | undefined {
  if (!value) return undefined;
  const seconds = Number(value);
  const delay = Number.isNaN(seconds) ? Date.parse(value) - now : seconds * 1000;
  return Number.isNaN(delay) ? undefined : Math.max(0, delay);
}

/** Resolves after ms milliseconds; rejects with the signal's reason as soon as it is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      if (signal?.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    if (signal?.aborted) done();
  });
}
