/** The names of events: those of Keystone's notifications, which other programs subscribe to. */
import { own } from '#shared/input/own.ts';

export interface AuditName {
  readonly resource: string;
  readonly operation: 'created' | 'updated' | 'deleted' | 'added' | 'removed' | 'read' | 'rejected';
}
type Operation = AuditName['operation'];

const operations: Readonly<Record<string, Operation>> = {
  post: 'created',
  put: 'created',
  patch: 'updated',
  delete: 'deleted',
};

interface Row {
  readonly path: RegExp;
  readonly resource: string;
  /** Where the operation does not follow from the method: `put` and `delete` of a part may update the whole. */
  readonly operations?: Readonly<Record<string, Operation>>;
}
const updates = { post: 'updated', put: 'updated', delete: 'updated' } as const;

/** Paths whose last segment is not the resource; the first match is used. */
const rows: readonly Row[] = [
  { path: /\/(users|groups)\/:actorId\/roles\//, resource: 'role_assignment' },
  { path: /\/groups\/:id\/users\//, resource: 'group', operations: { put: 'added', delete: 'removed' } },
  { path: /\/users\/:id\/password$/, resource: 'user', operations: updates },
  { path: /\/projects\/:id\/tags/, resource: 'project', operations: updates },
  { path: /\/roles\/:id\/implies\//, resource: 'role_inference' },
  { path: /\/credentials\/OS-EC2/, resource: 'credential' },
  { path: /\/domains\/:id\/config/, resource: 'domain_config' },
  { path: /\/OS-ENDPOINT-POLICY\//, resource: 'policy_association' },
  { path: /\/OS-EP-FILTER\/projects\//, resource: 'project_endpoint' },
  { path: /\/endpoint_groups\/:id\/projects\//, resource: 'project_endpoint_group' },
  { path: /\/OS-TRUST\/trusts/, resource: 'OS-TRUST:trust' },
  { path: /\/OS-OAUTH1\/consumers/, resource: 'OS-OAUTH1:consumer' },
  { path: /\/OS-OAUTH1\/request_token/, resource: 'OS-OAUTH1:request_token' },
  { path: /\/OS-OAUTH1\/authorize/, resource: 'OS-OAUTH1:request_token', operations: updates },
  { path: /\/OS-OAUTH1\/access_token/, resource: 'OS-OAUTH1:access_token' },
  { path: /\/OS-FEDERATION\/saml2/, resource: 'assertion' },
];

/** Undefined for a read, unless `readName` names it. */
export function auditName(method: string, path: string, readName: Operation): AuditName;
export function auditName(method: string, path: string): AuditName | undefined;
export function auditName(method: string, path: string, readName?: Operation): AuditName | undefined {
  const operation = own(operations, method) ?? readName;
  if (operation === undefined) return undefined;
  const row = rows.find((each) => each.path.test(path));
  return { resource: row?.resource ?? resourceOf(path), operation: row?.operations?.[method] ?? operation };
}

/** `/v3/identity_providers/:id` is about an identity_provider. */
const resourceOf = (path: string): string =>
  (path.split('/').findLast((segment) => segment && !segment.startsWith(':')) ?? '')
    .replace(/ies$/, 'y')
    .replace(/s$/, '');
