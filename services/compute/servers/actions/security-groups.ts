import { conflict } from '#shared/errors/fault.ts';
import { changeGroup } from '../../interfaces/operations.ts';
import { serverAction } from '../action.ts';

interface Group {
  readonly name: string;
}
const input = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: { name: { type: 'string', minLength: 1, maxLength: 255 } },
};

export const addSecurityGroup = serverAction<Group>({
  key: 'addSecurityGroup',
  rule: 'os-security-groups:add',
  input,
  act: (compute, { caller }, server, { name }) => {
    const { id, vmState } = server;
    if (vmState === 'building' || vmState === 'error')
      throw conflict(`Cannot add a security group to instance ${id} while it is in vm_state ${vmState}`);
    return changeGroup(compute, caller, server, { name, present: true });
  },
});

export const removeSecurityGroup = serverAction<Group>({
  key: 'removeSecurityGroup',
  rule: 'os-security-groups:remove',
  input,
  act: (compute, { caller }, server, { name }) => changeGroup(compute, caller, server, { name, present: false }),
});
