/**
 * The moment of an RFC 3339 timestamp in an answer (`createdAt`), in the milliseconds JavaScript has; null stays null.
 *
 * @throws RangeError if value is not a timestamp.
 */
export function parseDate<T extends string | null>(value: T): T extends null ? null : Date;
export function parseDate(value: string | null): Date | null {
  if (value === null) return null;
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) throw new RangeError(`not a timestamp: ${JSON.stringify(value)}`);
  return date;
}
