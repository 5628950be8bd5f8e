import type { Knex } from 'knex';
import type { Target } from './rules.ts';
import type { AccessRule } from './token.ts';

/** The user of a request, with the roles and scope of its token. */
export interface Authenticated {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string;
  /** Null for an unscoped, domain-scoped or system-scoped token. */
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly projectDomainId: string | null;
  readonly domainId: string | null;
  /** True for a system-scoped token. */
  readonly system: boolean;
  readonly roles: readonly string[];
  /** Roles of the service token (X-Service-Token), if the request has one. */
  readonly serviceRoles: readonly string[];
  /** The only requests that the token may make; absent: all that its roles allow. */
  readonly accessRules?: readonly AccessRule[];
  /** The token itself, for requests to other services while this request runs. Never stored or logged. */
  readonly token: string;
  readonly requestId: string;
}

/** Enforces the rules of a service (policy.ts). */
export interface Enforcer {
  /** Whether the caller passes the rule. An undefined rule refuses all. The default target is in the caller's own project. */
  may(rule: string, caller: Authenticated, target?: Target): boolean;
  /** Throws 403 naming the rule. */
  authorize(rule: string, caller: Authenticated, target?: Target): void;
  /** Leaves the rows for which the caller passes the rule. Throws an Error for a rule that is not in `rows` of the policy. */
  narrow(query: Knex.QueryBuilder, rule: string, caller: Authenticated): void;
  readonly rules: readonly string[];
}

/** The user of a request to a service, which answers whether it passes a rule. */
export interface Caller extends Authenticated {
  readonly policy: Enforcer;
}

/** Whether a request comes with a service token, on behalf of a user; or from a service itself. */
export const isForUser = ({ serviceRoles }: Authenticated): boolean => serviceRoles.includes('service');
export const isService = ({ roles }: Authenticated): boolean => roles.includes('service');

/** The caller's project, or '' for a token without one. */
export const projectOf = (caller: Authenticated): string => caller.projectId ?? '';
