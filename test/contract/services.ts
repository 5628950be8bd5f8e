/** Every API of the cloud as data: its routes, its rules, its description. */
import { join } from 'node:path';
import { type ApiDocument, openDocument } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import type { Policy } from '#shared/auth/policy.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import type { Route } from '#shared/http/route.ts';
import { keystone } from '../../services/identity/dialect.ts';
import { policy as identityPolicy } from '../../services/identity/policy.ts';
import { routes as identityRoutes } from '../../services/identity/routes.ts';
import { swift } from '../../services/object-store/dialect.ts';
import { policy as objectStorePolicy } from '../../services/object-store/policy.ts';
import { routes as objectStoreRoutes } from '../../services/object-store/routes.ts';

export interface ApiFacts {
  readonly name: string;
  readonly routes: readonly Route<never>[];
  readonly policy: Policy;
  readonly dialect: Dialect;
  readonly document: ApiDocument;
  readonly lowest: Version;
  readonly newest: Version;
}

const facts = (
  name: string,
  routes: readonly Route<never>[],
  policy: Policy,
  dialect: Dialect,
  lowest: Version,
  newest: Version,
): ApiFacts => ({
  name,
  routes,
  policy,
  dialect,
  lowest,
  newest,
  document: openDocument(join(import.meta.dirname, '../../openapi', name)),
});

export const apis: readonly ApiFacts[] = [
  facts('identity', identityRoutes as unknown as Route<never>[], identityPolicy, keystone, '3.14', '3.14'),
  facts('object-store', objectStoreRoutes as unknown as Route<never>[], objectStorePolicy, swift, '1.0', '1.0'),
];
