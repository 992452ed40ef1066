import { getDotPath, safeParse } from 'valibot';
import { answers } from './generated/answers.js';

/**
 * Holds an answer to the contract: pass it to the client as `validate`. Fields and enum values that the contract does not know
 * are let through, for an API may be newer than its clients. Needs `valibot`.
 *
 * @throws TypeError that says what is not as the contract has it, and where.
 */
export function validate(operation: string, data: unknown): void {
  const schema = answers[operation];
  if (!schema) return;
  const { issues } = safeParse(schema, data);
  if (issues) throw new TypeError(issues.map((issue) => `${getDotPath(issue) ?? 'the answer'}: ${issue.message}`).join('; '));
}

export { answers };
