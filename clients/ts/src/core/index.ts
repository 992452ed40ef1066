export {
  ApiError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  NotModifiedError,
  PermissionError,
  PreconditionFailedError,
  RateLimitError,
  ServerError,
  TimeoutError,
  ValidationError,
} from './errors.js';
export type {
  AuthToken,
  ClientOptions,
  Fetch,
  FetchOptions,
  IncomingResponse,
  OutgoingRequest,
  RequestOptions,
} from './options.js';
export type { Expanded, PageOf } from './expand.js';
export type { CursorPage, PagePromise } from './page.js';
export type { ApiPromise, WithResponse } from './promise.js';
export { parseDate } from './date.js';
