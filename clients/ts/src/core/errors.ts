import type { ProblemCode, ViolationCode } from '../generated/problems.js';

// Names are written out in each class: a minifier renames classes, and logs would show the new name.

/** One thing wrong with a request. Exactly one of `pointer`, `pointers`, `parameter` and `header` says where. */
export interface FieldError {
  /** JSON Pointer (RFC 6901) into the body, such as `/displayName`; empty for the body as a whole. */
  pointer?: string;
  /** JSON Pointers to the members that it is about together: a combination that is taken, such as `/userId` and `/roleId`. */
  pointers?: string[];
  /** Name of a parameter of path or query, as it stands in the URL: `limit`, `createdAt[gte]`. */
  parameter?: string;
  /** Name of a header. */
  header?: string;
  /** Stable, such as `max_length`. */
  code: ViolationCode;
  /** For people. */
  detail: string;
}

/** An answer in `application/problem+json` (RFC 9457), as far as it was one. */
export interface ProblemDetails {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  code?: ProblemCode;
  requestId?: string;
  errors?: FieldError[];
}

interface ErrorDetails {
  cause?: unknown;
  response?: Response;
  problem?: ProblemDetails;
}

/** Anything a call may reject with, except the reason of the caller's own AbortSignal and a TypeError for an option it cannot take. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** HTTP status; undefined when there was no answer. */
  readonly status: number | undefined;
  /** Headers of the answer; undefined when there was none. */
  readonly headers: Headers | undefined;
  /** The problem the API described; empty when something else answered. */
  readonly problem: ProblemDetails;

  constructor(message: string, { cause, response, problem = {} }: ErrorDetails = {}) {
    super(message);
    // As the language itself sets it, on runtimes too whose Error does not know it.
    if (cause !== undefined) Object.defineProperty(this, 'cause', { value: cause, writable: true, configurable: true });
    this.status = response?.status;
    this.headers = response?.headers;
    this.problem = problem;
  }

  /** Stable and meant for programs, such as `not_found`. An API that is newer than its client may send others. */
  get code(): ProblemCode | undefined {
    return this.problem.code;
  }

  /** What was wrong with which field. */
  get errors(): FieldError[] {
    return this.problem.errors ?? [];
  }

  /** Names this request in the API's logs. */
  get requestId(): string | undefined {
    return this.problem.requestId ?? this.headers?.get('x-request-id') ?? undefined;
  }
}

/** 304: it is as the caller's `ifNoneMatch` says. */
export class NotModifiedError extends ApiError {
  override name = 'NotModifiedError';
}

/** 400: the request could not be understood. */
export class BadRequestError extends ApiError {
  override name = 'BadRequestError';
}

/** 401: no token, or one that is not accepted. */
export class AuthenticationError extends ApiError {
  override name = 'AuthenticationError';
}

/** 403: the caller is known and may not do this. */
export class PermissionError extends ApiError {
  override name = 'PermissionError';
}

/** 404: there is no such thing, or none the caller may see. */
export class NotFoundError extends ApiError {
  override name = 'NotFoundError';
}

/** 409: it collides with what is there. */
export class ConflictError extends ApiError {
  override name = 'ConflictError';
}

/** 412: it was changed since the version the call named. */
export class PreconditionFailedError extends ApiError {
  override name = 'PreconditionFailedError';
}

/** 422: understood, but a field's value is not accepted; `errors` says which. */
export class ValidationError extends ApiError {
  override name = 'ValidationError';
}

/** 429: too many requests. */
export class RateLimitError extends ApiError {
  override name = 'RateLimitError';
}

/** 5xx: the API failed. */
export class ServerError extends ApiError {
  override name = 'ServerError';
}

/** No answer: the connection failed or broke. `cause` says how. */
export class ConnectionError extends ApiError {
  override name = 'ConnectionError';
}

/** No whole answer within the timeout. */
export class TimeoutError extends ConnectionError {
  override name = 'TimeoutError';
}

/** The error of an answer that is not a success; text is its body. */
export function errorOf(request: string, response: Response, text: string): ApiError {
  const { status, statusText } = response;
  const problem = problemOf(text);
  const said = problem.detail ?? problem.title ?? statusText;
  const message = `${request}: ${status}${problem.code ? ` ${problem.code}` : ''}${said && `: ${said}`}`;
  return new (BY_STATUS[status] ?? (status >= 500 ? ServerError : ApiError))(message, { response, problem });
}

const BY_STATUS: Readonly<Record<number, typeof ApiError>> = {
  304: NotModifiedError,
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  412: PreconditionFailedError,
  422: ValidationError,
  429: RateLimitError,
};

/** Proxies answer with pages of their own: whatever is not a JSON object is no problem, in either sense. */
function problemOf(text: string): ProblemDetails {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body ? body : {};
  } catch {
    return {};
  }
}
