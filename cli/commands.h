/* commands.h - the commands of `celwatch`. Each takes what follows its name and returns
 * an exit code (cli.h); main.c holds the table. */
#ifndef CW_CLI_COMMANDS_H
#define CW_CLI_COMMANDS_H

int cw_cmd_hash(int argc, char **argv);
int cw_cmd_key(int argc, char **argv);
int cw_cmd_register(int argc, char **argv);
int cw_cmd_match(int argc, char **argv);
int cw_cmd_submit(int argc, char **argv);
int cw_cmd_incidents(int argc, char **argv);
int cw_cmd_show(int argc, char **argv);
int cw_cmd_decide(int argc, char **argv);
int cw_cmd_comment(int argc, char **argv);
int cw_cmd_audit(int argc, char **argv);

#endif
