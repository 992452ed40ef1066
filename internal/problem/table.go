package problem

import "net/http"

// The table: code, status, title, sentence of an answer, what happened, what to do. `make generate` writes it to
// docs/problems.md, the contract and the SDK.
var (
	Unauthenticated = kind("unauthenticated", http.StatusUnauthorized, "Not signed in",
		"The access token is refused: %s.",
		"no token, or one that is not accepted",
		"get a new token; `WWW-Authenticate` says what is wrong")
	PermissionDenied = kind("permission_denied", http.StatusForbidden, "Not allowed",
		"This needs the permission %s.",
		"the token is good, its permissions are not enough",
		"ask for a role with the permission that `detail` names")
	TenantSuspended = kind("tenant_suspended", http.StatusForbidden, "Tenant suspended",
		"The tenant is suspended. Its data is kept; ask the operator to lift the suspension.",
		"the caller's tenant is switched off, or being deleted: `detail` says which",
		"ask the operator")
	UserInactive = kind("user_inactive", http.StatusForbidden, "User inactive",
		"This user is inactive and cannot sign in.",
		"the caller's user is switched off",
		"ask an administrator of the tenant")
	NotFound = kind("not_found", http.StatusNotFound, "Not found",
		"There is no such %s.",
		"no such row, or one of another tenant: the answers do not differ",
		"check the id")
	RouteNotFound = kind("route_not_found", http.StatusNotFound, "No such path",
		"There is nothing at this path.",
		"no such path",
		"check the URL against the contract")
	MethodNotAllowed = kind("method_not_allowed", http.StatusMethodNotAllowed, "Method not allowed",
		"This path takes %s.",
		"the path exists, the method does not",
		"see the header `Allow`")
	InvalidJSON = kind("invalid_json", http.StatusBadRequest, "Not JSON",
		"The body is not JSON.",
		"the body is missing or is not JSON",
		"send one JSON value")
	InvalidParameter = kind("invalid_parameter", http.StatusBadRequest, "Invalid parameter",
		"The parameter %s is malformed.",
		"a parameter of path or query, or a header, is malformed",
		"see `errors`")
	InvalidCursor = kind("invalid_cursor", http.StatusBadRequest, "Invalid cursor",
		"The cursor is not one that this list gave out for this order and these filters. Start again without a cursor.",
		"the cursor is not one that this list gave out",
		"start again without a cursor")
	ValidationFailed = kind("validation_failed", http.StatusUnprocessableEntity, "Validation failed",
		"The body breaks a rule of the contract.",
		"fields break rules of the contract",
		"see `errors`")
	Conflict = kind("conflict", http.StatusConflict, "Conflict",
		"Another %s has this value already.",
		"a unique value is taken, or a tenant that is being deleted was to be active again",
		"choose another value; `errors` names the field")
	ReferenceNotFound = kind("reference_not_found", http.StatusUnprocessableEntity, "Reference not found",
		"A field refers to no existing %s.",
		"a field refers to a row that does not exist in this tenant",
		"see `errors`")
	StillReferenced = kind("still_referenced", http.StatusConflict, "Still referenced",
		"%s still refer to this %s by %s. Change or delete them first.",
		"other rows refer to the one to delete",
		"change or delete those first; `detail` names them")
	PreconditionFailed = kind("precondition_failed", http.StatusPreconditionFailed, "Precondition failed",
		"The row has changed since: it is at version %d.",
		"`If-Match` names another version than the row has; `currentVersion` is the row's",
		"read the row again, and decide what of your change still applies")
	IdempotencyKeyReused = kind("idempotency_key_reused", http.StatusUnprocessableEntity, "Idempotency key reused",
		"The Idempotency-Key was used with another body. Use a new key for a new request.",
		"the `Idempotency-Key` was used with another body",
		"use a new key for a new request")
	LastAdministrator = kind("last_administrator", http.StatusConflict, "Last administrator",
		"This would leave the tenant without an administrator. Make somebody else one first.",
		"the change would leave the tenant without an administrator",
		"make somebody else one first")
	UnsupportedMediaType = kind("unsupported_media_type", http.StatusUnsupportedMediaType, "Unsupported media type",
		"Send the body as application/json.",
		"the body's `Content-Type` is not the operation's",
		"send JSON")
	PayloadTooLarge = kind("payload_too_large", http.StatusRequestEntityTooLarge, "Body too large",
		"The body is over the limit of %d bytes.",
		"the body is over the limit",
		"send less at a time")
	URLTooLong = kind("url_too_long", http.StatusRequestURITooLong, "URL too long",
		"The URL is over the limit of %d bytes.",
		"the URL is over 8 KiB",
		"ask for less at a time")
	HeadersTooLarge = kind("headers_too_large", http.StatusRequestHeaderFieldsTooLarge, "Headers too large",
		"The headers are over the limit of %d bytes.",
		"the headers are over 16 KiB; over 32 KiB the answer is plain text",
		"send fewer or shorter headers")
	RequestTimeout = kind("request_timeout", http.StatusRequestTimeout, "Body too slow",
		"The body came too slowly: send at least %d bytes a second.",
		"the body came at less than 1 KiB a second; the connection is closed",
		"send the whole body at once, a POST with the same `Idempotency-Key`")
	RateLimited = kind("rate_limited", http.StatusTooManyRequests, "Too many requests",
		"%s sent too many requests. Send fewer, and try again after %d s.",
		"the caller, or its tenant as a whole, sends more requests than it may, or the caller has too many bytes of bodies or answers on their way",
		"wait for the seconds in `Retry-After`; see [Limits](#limits)")
	Unavailable = kind("unavailable", http.StatusServiceUnavailable, "Temporarily unavailable",
		"The server has more to do than it can. Try again shortly.",
		"the database cannot be used, the token's issuer does not answer, the server has more to do than it can, the tenant has as many requests at work, or bytes of bodies or answers on their way, as one may have, or another change got in the way",
		"try again after the seconds in `Retry-After`, a POST with the same `Idempotency-Key`: the change may have been made")
	Timeout = kind("timeout", http.StatusGatewayTimeout, "Took too long",
		"The request took too long and was given up.",
		"the request took longer than allowed",
		"try again; ask for less")
	Internal = kind("internal", http.StatusInternalServerError, "Server error",
		"The server failed. Quote the request id when you report this.",
		"a fault of the server",
		"report it with the `requestId`")
)

// Sentences of codes that have more than their own, for New.
const (
	// Unauthenticated.
	TokenMissing = "Send an access token: Authorization: Bearer <token>."
	// TenantSuspended.
	TenantDeleting = "The tenant is being deleted, with all its data. Nothing stops that."
	TenantDeleted  = "The tenant has been deleted meanwhile."
	// PermissionDenied.
	GiftNotHeld       = "You cannot give the permission %s, because you do not hold it."
	PersonNotReadable = "This needs the permission %s, because the row names somebody whom you may not read."
	// NotFound.
	DeletedSince = "The request was answered before, and what it made has been deleted since."
	// InvalidJSON.
	BodyMissing    = "Send a body."
	BodyUnreadable = "The body could not be read to its end."
	BodyNotUTF8    = "The body is not UTF-8."
	// InvalidParameter.
	SomeParameterMalformed = "A parameter is malformed."
	HeaderMalformed        = "The header %s is malformed."
	ParameterUnknown       = "The operation has no parameter of this name."
	SeveralMalformed       = "Several parameters are not as the contract has them. See errors."
	ETagsMalformed         = "If-Match is no list of ETags."
	// ValidationFailed.
	ValueRefused       = "A value breaks a rule of the contract."
	ValueNotStorable   = "The body has a value that cannot be stored."
	BodyAmbiguous      = "The body cannot be stored as it was sent."
	RowBelowItself     = "The row would come to lie below itself."
	PermissionsUnknown = "The role names a permission that does not exist."
	// UnsupportedMediaType.
	BodyCoded             = "Send the body as it is, without Content-Encoding."
	BodyNotInUTF8         = "Send the body in UTF-8."
	ContentTypeRepeated   = "Send one Content-Type."
	ContentTypeUnreadable = "Content-Type is malformed. Send the body as application/json."
	// Conflict.
	ValuesTaken    = "Another %s has this combination of values already."
	TenantNotSaved = "The tenant is being deleted, which nothing stops."
	// StillReferenced.
	RowReferenced = "Other rows still refer to this one."
	// RateLimited.
	BytesOfCaller = "You have too many bytes of %s on their way. Send fewer requests at once, and try again shortly."
	// Unavailable.
	BytesOfAll        = "The server has too many bytes of %s on their way. Try again shortly."
	BytesOfTenant     = "Your tenant has too many bytes of %s on their way. Send fewer requests at once, and try again shortly."
	ShareExceeded     = "Your tenant has as many requests at work as one may have. Send fewer at once, and try again shortly."
	DatabaseUnusable  = "The database cannot be used right now. Try again shortly."
	IssuerUnreachable = "The access token cannot be checked right now, because its issuer does not answer. Try again shortly."
	ChangedMeanwhile  = "Another change got in the way. Try again."
)
