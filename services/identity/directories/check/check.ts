/** `wattle identity ldap-check`: inspects the directory of a domain as a login would, and changes nothing. */
import { join } from 'node:path';
import type { Knex } from 'knex';
import { databaseOf, readCloud } from '#shared/config/cloud.ts';
import type { Settings } from '#shared/config/settings.ts';
import { openDatabase } from '#shared/db/open.ts';
import { openSealer } from '#shared/seal/key-file.ts';
import { section } from '../../config.ts';
import { type LdapDirectory, openDirectory } from '../../drivers/ldap/directory.ts';
import type { Project } from '../../projects/resource.ts';
import { findProject } from '../../projects/store.ts';
import { checkGrants, checkUserGrants } from './grants.ts';
import { checkGroups } from './groups.ts';
import { optionsFor } from './options.ts';
import { checkReach } from './reach.ts';
import { type Finding, openReport, type Report } from './report.ts';
import { checkUser, checkUsers } from './users.ts';

export interface CheckInput {
  /** Name or id. */
  readonly domain: string;
  readonly user?: string | undefined;
  /** Options that are not set yet. */
  readonly proposed?: unknown;
}

export async function checkDirectory(settings: Settings, input: CheckInput): Promise<readonly Finding[]> {
  const cloud = readCloud(settings);
  const { database } = settings.read('identity', section);
  const db = openDatabase(database || databaseOf(cloud, 'identity'));
  const sealer = openSealer(join(cloud.var, 'secrets', 'credential-keys'));
  const report = openReport();
  try {
    const domain = await findDomainOf(report, db, input.domain);
    const options =
      domain && (await optionsFor(report, { db, sealer }, { domainId: domain.id, proposed: input.proposed }));
    if (domain && options && (await checkReach(report, options)))
      await inspect(report, { db, domain, directory: openDirectory(options) }, input.user);
  } catch (error) {
    report.directoryError(error);
  } finally {
    await db.destroy();
  }
  return report.findings;
}

async function findDomainOf(report: Report, db: Knex, named: string): Promise<Project | undefined> {
  const byName = await findProject(db, { name: named, isDomain: true });
  const domain = byName ?? (await findProject(db, { id: named }));
  if (!domain?.isDomain) {
    report.problem(`there is no domain ${named}`, `openstack domain create ${named}`);
    return undefined;
  }
  if (!domain.enabled)
    report.note(
      `domain ${domain.name} is disabled: its users cannot log in`,
      `openstack domain set --enable ${domain.name}`,
    );
  return domain;
}

interface CheckedDomain {
  readonly db: Knex;
  readonly domain: Project;
  readonly directory: LdapDirectory;
}

async function inspect(report: Report, checked: CheckedDomain, user: string | undefined): Promise<void> {
  const { directory } = checked;
  try {
    const users = await checkUsers(report, directory);
    const groups = await checkGroups(report, directory);
    await checkGrants(report, checked, groups);
    const named = user === undefined ? undefined : await checkUser(report, directory, user);
    const asked = user === undefined ? users.slice(0, 3) : [named].filter((each) => each !== undefined);
    for (const each of asked) await checkUserGrants(report, checked, each);
  } finally {
    directory.close();
  }
}
