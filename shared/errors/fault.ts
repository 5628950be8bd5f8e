interface FaultMore {
  /** The exact name that a family's clients switch on: Neutron's `IpAddressInUse`, Placement's `placement.concurrent_update`. */
  readonly type?: string;
  /** Answer headers that belong to this refusal: `Retry-After`, `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For administrators alone: names of hosts, words of programs. No answer to a tenant holds it. */
  readonly details?: string;
}

/** A failure the caller may hear about. `kind` is neutral; the service's dialect spells it. */
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
/** The family's word for the thing names the type too: `notFound('Network', id)` is Neutron's NetworkNotFound. */
export const notFound = (what: string, id: string) =>
  new Fault(404, 'notFound', `${what} ${id} could not be found.`, { type: `${what.replaceAll(' ', '')}NotFound` });
export const conflict = (message: string, type?: string) => new Fault(409, 'conflict', message, named(type));
export const tooLarge = (message: string) => new Fault(413, 'tooLarge', message);

const named = (type: string | undefined): FaultMore => (type ? { type } : {});

/** What this needs does not answer now. Not a Fault: work under way tries again; a request hears 503. */
export class Away extends Error {}
