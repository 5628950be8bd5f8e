import type { Identity } from '../context.ts';
import { findProject } from '../projects/store.ts';
import type { User } from '../users/resource.ts';
import { LoginRefused } from './login-refused.ts';

export async function refuseDisabled({ db }: Identity, user: User): Promise<void> {
  const domain = await findProject(db, { id: user.domainId });
  if (!user.enabled || !domain?.enabled) throw new LoginRefused('disabled');
}
