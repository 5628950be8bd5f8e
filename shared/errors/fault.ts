interface FaultMore {
  /** The error type or code in the API's answer: Neutron's `IpAddressInUse`, Placement's `placement.concurrent_update`. */
  readonly type?: string;
  /** Response headers: `Retry-After`, `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For administrators only: names of hosts, output of programs. Never in an answer to a tenant. */
  readonly details?: string;
}

/**
 * An error that the client may see. `status` is the HTTP status; `kind` is the same for all services, and each service's
 * dialect.ts has the format and names of its API. Any other error becomes a 500 without its message.
 */
export class Fault extends Error {
  readonly status: number;
  readonly kind: string;
  readonly type: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: string | undefined;
  constructor(status: number, kind: string, message: string, { type, headers = {}, details }: FaultMore = {}) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.type = type;
    this.headers = headers;
    this.details = details;
  }
}

export const badRequest = (message: string, type?: string) => new Fault(400, 'badRequest', message, named(type));
export const unauthorized = (message = 'The request you have made requires authentication.') =>
  new Fault(401, 'unauthorized', message);
export const forbidden = (message: string, type?: string) => new Fault(403, 'forbidden', message, named(type));
/** `what` is the API's name of the resource, and part of the type: `notFound('Network', id)` is Neutron's NetworkNotFound. */
export const notFound = (what: string, id: string) =>
  new Fault(404, 'notFound', `${what} ${id} could not be found.`, { type: `${what.replaceAll(' ', '')}NotFound` });
export const conflict = (message: string, type?: string) => new Fault(409, 'conflict', message, named(type));
export const tooLarge = (message: string) => new Fault(413, 'tooLarge', message);

const named = (type: string | undefined): FaultMore => (type ? { type } : {});

/** Something that this work depends on does not answer. Not a Fault: a workflow retries, a request is answered 503. */
export class Unavailable extends Error {}
