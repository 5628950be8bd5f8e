import type { AccessRule } from './token.ts';

/** Who asks: what a token says of its bearer, as every service sees it. */
export interface Caller {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string;
  /** Null for an unscoped, a domain's or a system's token. */
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly projectDomainId: string | null;
  readonly domainId: string | null;
  /** True for a token scoped to the whole system. */
  readonly system: boolean;
  readonly roles: readonly string[];
  /** Roles of the service that passes the request on (X-Service-Token), if one does. */
  readonly serviceRoles: readonly string[];
  /** The only requests the token may make; absent: all that its roles allow. */
  readonly accessRules?: readonly AccessRule[];
  /** The token as it came, for calls to other services before the 202. Never into a row or a log. */
  readonly token: string;
  readonly requestId: string;
}

/** An admin sees every project. */
export const isAdmin = (caller: Caller): boolean => caller.roles.includes('admin');

/** The project asked for; a token without one cannot own things. */
export const projectOf = (caller: Caller): string => caller.projectId ?? '';
