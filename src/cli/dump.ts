import { Command } from 'commander';
export const dumpCommand = (): Command => new Command('dump');
