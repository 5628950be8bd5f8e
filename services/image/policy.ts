/** Glance's rules. The target is the image: `project_id` is its owner, `member_id` a project it is shared with. */
import type { Policy } from '#shared/auth/policy.ts';

const admin = 'rule:context_is_admin';
const owner = 'role:member and project_id:%(project_id)s';
const visible = `(project_id:%(project_id)s or project_id:%(member_id)s or 'community':%(visibility)s or 'public':%(visibility)s or 'shared':%(visibility)s)`;
const change = `${admin} or (${owner})`;
const read = `${admin} or (role:reader and ${visible})`;
const readMembers = `${admin} or (role:reader and (project_id:%(project_id)s or project_id:%(member_id)s))`;

export const policy: Policy = {
  context_is_admin: 'role:admin',
  add_image: `${admin} or (${owner} and project_id:%(owner)s)`,
  get_images: `${admin} or (role:reader and project_id:%(project_id)s)`,
  get_image: read,
  modify_image: change,
  publicize_image: admin,
  communitize_image: change,
  delete_image: change,
  upload_image: change,
  download_image: `${admin} or (role:member and ${visible})`,
  deactivate: change,
  reactivate: change,
  add_member: change,
  delete_member: change,
  get_member: readMembers,
  get_members: readMembers,
  modify_member: `${admin} or (role:member and project_id:%(member_id)s)`,
  stores_info_detail: `${admin} or role:service`,
};
