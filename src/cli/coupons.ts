import { Command } from 'commander';
export const couponsCommand = (): Command => new Command('coupons');
