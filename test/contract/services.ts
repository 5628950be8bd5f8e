/** Every API of the cloud as data: routes, rules, OpenAPI document, versions. */
import { join } from 'node:path';
import { type ApiDocument, openDocument } from '#shared/api/document.ts';
import type { Version } from '#shared/api/versions.ts';
import type { Policy } from '#shared/auth/policy.ts';
import type { Dialect } from '#shared/http/dialect.ts';
import type { Route } from '#shared/http/route.ts';
import { newest as newestCompute, nova, oldest as oldestCompute } from '../../services/compute/dialect.ts';
import { policy as computePolicy } from '../../services/compute/policy.ts';
import { routes as computeRoutes } from '../../services/compute/routes.ts';
import { page } from '../../services/dashboard/dialect.ts';
import { policy as dashboardPolicy } from '../../services/dashboard/policy.ts';
import { routes as dashboardRoutes } from '../../services/dashboard/routes.ts';
import { keystone } from '../../services/identity/dialect.ts';
import { policy as identityPolicy } from '../../services/identity/policy.ts';
import { routes as identityRoutes } from '../../services/identity/routes.ts';
import { glance } from '../../services/image/dialect.ts';
import { policy as imagePolicy } from '../../services/image/policy.ts';
import { routes as imageRoutes } from '../../services/image/routes.ts';
import { neutron } from '../../services/network/dialect.ts';
import { policy as networkPolicy } from '../../services/network/policy.ts';
import { routes as networkRoutes } from '../../services/network/routes.ts';
import { swift } from '../../services/object-store/dialect.ts';
import { policy as objectPolicy } from '../../services/object-store/policy.ts';
import { routes as objectRoutes } from '../../services/object-store/routes.ts';
import { placement } from '../../services/placement/dialect.ts';
import { policy as placementPolicy } from '../../services/placement/policy.ts';
import { routes as placementRoutes } from '../../services/placement/routes.ts';
import { cinder } from '../../services/volume/dialect.ts';
import { policy as volumePolicy } from '../../services/volume/policy.ts';
import { routes as volumeRoutes } from '../../services/volume/routes.ts';

export interface ApiFacts {
  readonly name: string;
  readonly routes: readonly Route<never>[];
  readonly policy: Policy;
  readonly dialect: Dialect;
  readonly document: ApiDocument;
  readonly lowest: Version;
  readonly newest: Version;
}

interface ServiceFacts {
  readonly routes: unknown;
  readonly policy: Policy;
  readonly dialect: Dialect;
  readonly versions?: readonly [Version, Version];
}

const facts = (
  name: string,
  { routes, policy, dialect, versions: [lowest, newest] = ['1.0', '1.0'] }: ServiceFacts,
): ApiFacts => ({
  name,
  routes: routes as readonly Route<never>[],
  policy,
  dialect,
  lowest,
  newest,
  document: openDocument(join(import.meta.dirname, '../../openapi', name)),
});

export const apis: readonly ApiFacts[] = [
  facts('identity', { routes: identityRoutes, policy: identityPolicy, dialect: keystone }),
  facts('image', { routes: imageRoutes, policy: imagePolicy, dialect: glance('http://identity') }),
  facts('compute', {
    routes: computeRoutes,
    policy: computePolicy,
    dialect: nova('http://identity'),
    versions: [oldestCompute, newestCompute],
  }),
  facts('network', { routes: networkRoutes, policy: networkPolicy, dialect: neutron('http://identity') }),
  facts('placement', {
    routes: placementRoutes,
    policy: placementPolicy,
    dialect: placement('http://identity'),
    versions: ['1.0', '1.39'],
  }),
  facts('object-store', { routes: objectRoutes, policy: objectPolicy, dialect: swift('http://identity') }),
  facts('dashboard', { routes: dashboardRoutes, policy: dashboardPolicy, dialect: page }),
  facts('volume', {
    routes: volumeRoutes,
    policy: volumePolicy,
    dialect: cinder('http://identity'),
    versions: ['3.0', '3.71'],
  }),
];
