"""Rules: read from any format, executed with the modules they import, run on events.

`formats/` holds one module per way of writing rules down; `loader` reads folders of them into packs;
`compat/` holds modules that rules written elsewhere import. Loading executes nothing of the user's code:
that is done by `modules`, in worker processes only.

Imports the model, contracts, forms and the error table. To add a format, add a file to `formats/`.
"""
