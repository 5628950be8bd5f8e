import { type User, user } from './resource.ts';

/** Keystone shows a default project only where there is one. */
export function userView(row: User, base: string): Record<string, unknown> {
  const { default_project_id: project, ...view } = user.view(row, base);
  return { ...view, ...(project === null ? {} : { default_project_id: project }) };
}

export const userList = { many: user.many, view: userView };
